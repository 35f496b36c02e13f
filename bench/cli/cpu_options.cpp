#include "bench/cli/cpu_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

constexpr const char* kCpuGroup = "Execution (--system cpu)";

// Besides those of the groups that both systems have.
const std::vector<std::string>& shared_options() {
  static const std::vector<std::string> names = {
      "--help",         "--model",       "--model-context", "--system",
      "--parallel",     "--scheduler",   "--watermark",     "--aging",
      "--speculate",    "--step-tokens", "--max-batch",     "--block-tokens",
      "--kv",           "--preempt",     "--host-kv-gb",    "--kv-cpu-tier",
      "--prefix-cache", "--cut"};
  return names;
}

bool is_shared(const CLI::Option& option) {
  const std::string& group = option.get_group();
  if (group == kCpuGroup || group == "Judging" || group == "Output" || group == "Workload")
    return true;
  const auto& names = shared_options();
  return std::find(names.begin(), names.end(), option.get_name()) != names.end();
}

}  // namespace

bool CpuArguments::on_cpu() const {
  if (system == "cpu") return true;
  if (system == "modelled") return false;
  throw unknown_name("--system", "system", system, {"modelled", "cpu"});
}

void add_cpu_options(CLI::App& verb, CpuArguments& arguments) {
  verb.add_option("--system", arguments.system,
                  "modelled: steps timed by the cost model; cpu: computed on this host")
      ->capture_default_str();
  const auto add = [&](const char* name, auto& value, const std::string& help) {
    verb.add_option(name, value, help)->group(kCpuGroup)->capture_default_str();
  };
  add("--weights", arguments.weights, "format of linear layers: bf16, w8a8, w4a8-g128, ...");
  verb.add_option("--weights-file", arguments.weights_file,
                  "safetensors of the model: a file, an index or a folder (default: random)")
      ->group(kCpuGroup);
  add("--kv-format", arguments.kv, joined(kv_formats()));
  add("--kernels", arguments.kernels,
      "fast, or invariant: answers do not depend on batches and chunks, bit for bit");
  add("--clock", arguments.clock,
      "simulated: arrivals by measured time, idle time skipped; wall: arrivals waited for");
  add("--threads", arguments.threads, "of all ranks together; 0: all cores of this host");
  add("--kv-tokens", arguments.kv_tokens,
      "size of the KV pool; 0: an eighth of the memory at most");
  add("--temperature", arguments.sampling.temperature, "of sampling; 0: greedy");
  add("--top-k", arguments.sampling.top_k, "sample among the K most likely tokens; 0: all");
  add("--top-p", arguments.sampling.top_p, "of those, among the fewest that hold this share");
  verb.add_flag("--compare-model", arguments.compare_model,
                "predict the run as well and print the errors: by the roofline of this machine, or "
                "--op-table")
      ->group(kCpuGroup);
  verb.add_option("--op-table", arguments.op_table,
                  "op times of this machine, of `inferbench calibrate`; with --compare-model")
      ->group(kCpuGroup);
}

void check_options_of_system(const CLI::App& verb, const CpuArguments& arguments) {
  const bool cpu = arguments.on_cpu();
  for (const CLI::Option* option : verb.get_options()) {
    if (option->count() == 0) continue;
    if (cpu && !is_shared(*option)) {
      throw Error(option->get_name(), "does not apply to --system cpu",
                  "the model is executed on this host, on its cores",
                  "leave it out, or use --system modelled");
    }
    if (!cpu && option->get_group() == kCpuGroup) {
      throw Error(option->get_name(), "does not apply to --system modelled",
                  "nothing is computed there", "--system cpu executes the model on this host");
    }
  }
  if (!arguments.op_table.empty() && !arguments.compare_model) {
    throw Error("--op-table", "without --compare-model",
                "the table is what the model predicts with", "add --compare-model");
  }
  if (!cpu && verb.get_option("--gpu")->count() == 0) {
    throw Error("--gpu", "is missing", "a modelled replay needs a GPU to model",
                "--gpu h100 (`inferbench list gpus`), or --system cpu to compute on this host");
  }
}

}  // namespace inferbench

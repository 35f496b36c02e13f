#include "bench/cli/cpu_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

constexpr const char* kCpuGroup = "Execution (--system cpu or cuda)";

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

// What a slice takes besides: whose links its collectives are modelled on.
const std::vector<std::string>& slice_options() {
  static const std::vector<std::string> names = {"--gpu",     "--domain",      "--precision",
                                                 "--profile", "--expert-skew", "--routing"};
  return names;
}

bool is_shared(const CLI::Option& option, bool sliced) {
  if (sliced) {
    const auto& names = slice_options();
    if (std::find(names.begin(), names.end(), option.get_name()) != names.end()) return true;
  }
  const std::string& group = option.get_group();
  if (group == kCpuGroup || group == "Judging" || group == "Output" || group == "Workload")
    return true;
  const auto& names = shared_options();
  return std::find(names.begin(), names.end(), option.get_name()) != names.end();
}

// --router, where there are replicas to choose from.
bool routes(const CLI::App& verb, const CLI::Option& option) {
  if (option.get_name() != "--router") return false;
  const CLI::Option* parallel = verb.get_option("--parallel");
  return parallel->count() > 0 && parse_parallel(parallel->as<std::string>()).dp > 1;
}

}  // namespace

bool CpuArguments::executed() const {
  if (system == "cpu" || system == "cuda") return true;
  if (system == "modelled") return false;
  throw unknown_name("--system", "system", system, {"modelled", "cpu", "cuda"});
}

std::optional<SliceChoice> CpuArguments::slice_choice() const {
  if (!slice) return std::nullopt;
  SliceChoice choice{.rank = std::nullopt, .layers = slice_layers};
  if (slice->empty()) return choice;
  std::int64_t rank = -1;
  const char* end = slice->data() + slice->size();
  const auto [read, error] = std::from_chars(slice->data(), end, rank);
  if (error != std::errc() || read != end) {
    throw Error("--slice", "\"" + *slice + "\"", "expected the number of a rank, from 0 on",
                "--slice alone takes the busiest");
  }
  choice.rank = rank;
  return choice;
}

void add_cpu_options(CLI::App& verb, CpuArguments& arguments) {
  verb.add_option("--system", arguments.system,
                  "modelled: steps timed by the cost model; cpu: computed on this host; cuda: on "
                  "its GPU")
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
  verb.add_option_function<std::string>(
          "--slice", [&arguments](const std::string& rank) { arguments.slice = rank; },
          "execute one rank of --parallel alone, the busiest or the one given; collectives are "
          "modelled on the links of --gpu")
      ->expected(0, 1)
      ->group(kCpuGroup);
  add("--slice-layers", arguments.slice_layers,
      "execute so many layers of each kind of a slice, and scale; 0: all of its stage");
  verb.add_flag("--compare-model", arguments.compare_model,
                "predict the run as well and print the errors: by the roofline of this machine, or "
                "--op-table")
      ->group(kCpuGroup);
  verb.add_option("--op-table", arguments.op_table,
                  "op times of this machine, of `inferbench calibrate`; with --compare-model")
      ->group(kCpuGroup);
}

void check_options_of_system(const CLI::App& verb, const CpuArguments& arguments) {
  const bool executed = arguments.executed();
  for (const CLI::Option* option : verb.get_options()) {
    if (option->count() == 0) continue;
    if (executed && !is_shared(*option, arguments.slice.has_value()) && !routes(verb, *option)) {
      throw Error(option->get_name(), "does not apply to --system " + arguments.system,
                  arguments.on_gpu() ? "the model is executed on this host's GPU"
                                     : "the model is executed on this host, on its cores",
                  "leave it out, or use --system modelled");
    }
    if (!executed && option->get_group() == kCpuGroup) {
      throw Error(option->get_name(), "does not apply to --system modelled",
                  "nothing is computed there", "--system cpu executes the model on this host");
    }
  }
  if (arguments.slice_layers != 0 && !arguments.slice) {
    throw Error("--slice-layers", "without --slice", "layers are sampled of one rank's stage",
                "add --slice");
  }
  if (!arguments.op_table.empty() && !arguments.compare_model) {
    throw Error("--op-table", "without --compare-model",
                "the table is what the model predicts with", "add --compare-model");
  }
  if (!executed && verb.get_option("--gpu")->count() == 0) {
    throw Error("--gpu", "is missing", "a modelled replay needs a GPU to model",
                "--gpu h100 (`inferbench list gpus`), or --system cpu to compute on this host");
  }
}

}  // namespace inferbench

#include "bench/cli/replay_options.hpp"

#include <CLI/CLI.hpp>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/replay/router.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

PercentileMethod method_named(const std::string& name) {
  if (const auto method = parse_percentile_method(name)) return *method;
  throw unknown_name("--percentile-method", "method", name, percentile_method_names());
}

}  // namespace

ServingOptions ReplayArguments::serving() const {
  ServingOptions options;
  apply(options, workload.options.seed);
  put_limits(options);
  options.router = fleet.router;
  options.fleet = fleet.serving(system);
  return options;
}

ServingOptions ReplayArguments::serving_on_cpu() const {
  ServingOptions options;
  PolicyArguments policy = *this;
  policy.speculate.clear();
  policy.apply(options, workload.options.seed);
  options.router = fleet.router;
  if (!speculate.empty()) options.speculation = parse_measured_speculation(speculate);
  put_limits(options);
  return options;
}

void ReplayArguments::put_limits(ServingOptions& options) const {
  options.step_tokens = Tokens(step_tokens);
  options.max_batch = max_batch;
  options.block_tokens = Tokens(block_tokens);
  options.kv = kv.serving();
  if (!cut.empty()) options.cut = Time(parse_duration(cut, "--cut"));
}

SummaryOptions ReplayArguments::summary(const GpuCounts& gpus,
                                        std::optional<std::int64_t> concurrency) const {
  SummaryOptions options;
  options.percentile_method = method_named(percentile_method);
  options.gpus = gpus;
  if (!slo.empty()) options.slo = parse_slo(slo);
  options.concurrency = concurrency;
  return options;
}

void add_replay_options(CLI::App& verb, ReplayArguments& arguments) {
  const auto serving = [&](const char* name, auto& value, const std::string& help) {
    verb.add_option(name, value, help)->group("Serving")->capture_default_str();
  };
  add_policy_options(verb, arguments, "Serving");
  serving("--step-tokens", arguments.step_tokens,
          "new tokens per step and attention rank: decodes first, prompt chunks with the rest");
  serving("--max-batch", arguments.max_batch, "running requests per attention rank");
  serving("--block-tokens", arguments.block_tokens, "tokens per KV block");
  add_kv_options(verb, arguments.kv);
  serving("--cut", arguments.cut,
          "end the run at this time, e.g. 10m; requests still open count as unfinished");

  add_fleet_options(verb, arguments.fleet);

  const auto judging = [&](const char* name, auto& value, const std::string& help) {
    verb.add_option(name, value, help)->group("Judging")->capture_default_str();
  };
  judging("--slo", arguments.slo, "ttft_p99=2s,tpot_p99=50ms or a name of `inferbench list slos`");
  judging("--percentile-method", arguments.percentile_method, joined(percentile_method_names()));

  const auto output = [&](const char* name, auto& value, const std::string& help) {
    return verb.add_option(name, value, help)->group("Output");
  };
  output("--json", arguments.json, "write the result file; - is stdout");
  output("--records", arguments.records, "write one line per request (JSON lines); - is stdout");
  verb.add_flag(
          "--decompose", arguments.decompose,
          "say what TTFT and TPOT went to: queue, others' prompts, kernels, collectives, host")
      ->group("Output");
  output("--timeline", arguments.timeline,
         "write a timeline for ui.perfetto.dev: steps, kernels, requests; - is stdout");
  output("--timeline-steps", arguments.timeline_steps, "show so many steps of the run, the first")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  output("--console", arguments.console, "print another tool's report instead: vllm");
}

}  // namespace inferbench

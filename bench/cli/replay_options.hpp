#pragma once

#include <optional>
#include <string>

#include "bench/cli/cpu_options.hpp"
#include "bench/cli/fleet_options.hpp"
#include "bench/cli/kv_options.hpp"
#include "bench/cli/policy_options.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/system_options.hpp"
#include "bench/cli/workload_options.hpp"
#include "harness/metrics/summary_options.hpp"
#include "harness/replay/deployed_system.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// Everything `inferbench replay` is asked. Must outlive the parsing of the verb.
struct ReplayArguments : ProfileArguments, PolicyArguments {
  SystemOptions system;
  CpuArguments cpu;
  WorkloadArguments workload;
  FleetArguments fleet;
  KvArguments kv;
  std::int64_t step_tokens = 2048, max_batch = 256, block_tokens = 16;
  std::string slo, cut;  // empty: none
  std::string percentile_method = "linear";
  std::string json, records;  // empty: not written
  std::string console;        // empty: our own report
  bool decompose = false;     // say what TTFT and TPOT went to
  std::string timeline;       // timeline; empty: none
  std::uint64_t timeline_steps = 2000;

  ServingOptions serving() const;
  // Of a model executed on this host: one replica, measured acceptance of drafts.
  ServingOptions serving_on_cpu() const;
  SummaryOptions summary(const GpuCounts& gpus, std::optional<std::int64_t> concurrency) const;

 private:
  void put_limits(ServingOptions& options) const;
};

// Serving, judgement and output: the groups that only replay has.
void add_replay_options(CLI::App& verb, ReplayArguments& arguments);

}  // namespace inferbench

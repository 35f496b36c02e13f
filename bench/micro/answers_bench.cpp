// How long an answer takes: the highest rate that meets an SLO, over every configuration of a
// trillion-parameter model on 64 GPUs x 8 chunk sizes, by replays of 2,000 requests.

#include <benchmark/benchmark.h>

#include "harness/catalog/catalog.hpp"
#include "harness/plan/enumerate.hpp"
#include "harness/sweep/find_max.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

SweepSystem gpt_moe_on_gb200() {
  SweepSystem system;
  system.model = find_model("gpt-moe-1.8t");
  system.gpu = find_gpu("gb200-nvl72");
  system.profile = find_cost_profile("default");
  system.precision = default_precision(system.profile, system.model, system.gpu);
  return system;
}

ReplaySweep offered(const char* workload) {
  ReplaySweep sweep;
  sweep.offer.requests = 2000;
  sweep.workload = std::make_shared<const Workload>(load_workload(workload, sweep.offer));
  sweep.load = LoadKind::rate;
  sweep.slo = parse_slo("ttft_p99=2s,tpot_p99=50ms");
  return sweep;
}

std::vector<SweepTask> all_tasks(const SweepSystem& system) {
  const auto configs =
      allowed_configs(64, default_rules(system.model, system.gpu, system.precision), system.model);
  return sweep_tasks(configs, {Tokens(128), Tokens(256), Tokens(512), Tokens(1024), Tokens(2048),
                               Tokens(4096), Tokens(8192), Tokens(16384)});
}

void find_the_maximum(benchmark::State& state, const char* workload) {
  const SweepSystem system = gpt_moe_on_gb200();
  const SloProbe probe(system, offered(workload), 0.25);
  const auto tasks = all_tasks(system);
  FindMaxResult found;
  for (auto _ : state) {
    found = find_max(probe, tasks, {.threads = 2});
  }
  state.counters["tasks"] = static_cast<double>(found.tasks.size());
  state.counters["pruned"] = static_cast<double>(found.count(SearchState::pruned));
  state.counters["probes"] = static_cast<double>(found.probes());
  state.counters["requests_per_s_met"] = found.load;
}

void find_max_1k_200(benchmark::State& state) {
  find_the_maximum(state, "poisson:rate=8,isl=uniform(800,1200),osl=uniform(100,300)");
}
void find_max_1k_1k(benchmark::State& state) {
  find_the_maximum(state, "poisson:rate=8,isl=uniform(800,1200),osl=uniform(800,1200)");
}
BENCHMARK(find_max_1k_200)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();
BENCHMARK(find_max_1k_1k)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace inferbench

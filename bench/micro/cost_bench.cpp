#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "harness/catalog/catalog.hpp"
#include "harness/cost/step_cost_model.hpp"
#include "harness/plan/chunk_grid.hpp"
#include "harness/plan/enumerate.hpp"
#include "harness/sweep/frontier.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "harness/sweep/steady.hpp"

namespace inferbench {
namespace {

constexpr const char* kProfiles[] = {"default", "p1"};

Deployment deployed(const char* model, const char* gpu, const char* parallel) {
  const ModelSpec spec = find_model(model);
  const HardwareSpec hardware = find_gpu(gpu);
  return std::get<Deployment>(
      place(spec, hardware, parse_parallel(parallel), default_precision(spec, hardware)));
}

BatchPlan decodes(std::int64_t n, std::int64_t ranks) {
  BatchPlan plan;
  for (std::int64_t i = 0; i < n; ++i) {
    plan.items.push_back({.request = RequestId(static_cast<std::uint64_t>(i)),
                          .context = Tokens(1000 + 37 * i),
                          .new_tokens = Tokens(1),
                          .decode = true,
                          .emits = true,
                          .rank = static_cast<std::uint16_t>(i % ranks)});
  }
  return plan;
}

void steps(benchmark::State& state, const char* model, const char* gpu, const char* parallel,
           std::int64_t ranks) {
  const StepCostModel cost(deployed(model, gpu, parallel), find_cost_profile("default"));
  const BatchPlan plan = decodes(state.range(0), ranks);
  for (auto _ : state) benchmark::DoNotOptimize(cost.step(plan));
  state.SetItemsProcessed(state.iterations());
}

// Items per second are step() calls per second; the goal is 1 million with 64 decodes.
void BM_StepDense(benchmark::State& state) {
  steps(state, "llama-3-70b", "h100", "tp4", 1);
}
void BM_StepExpertsOverEightRanks(benchmark::State& state) {
  steps(state, "deepseek-v3", "h200", "ep8", 8);
}
BENCHMARK(BM_StepDense)->Arg(1)->Arg(64)->Arg(256);
BENCHMARK(BM_StepExpertsOverEightRanks)->Arg(64)->Arg(256);

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0 / 1e6;
}

// 70 configurations x 37 chunk sizes of GPT-MoE-1.8T on 64 GPUs and their frontier, on one thread.
// The goals are 0.5 s of CPU time and 50 MB.
void BM_SteadySweepWithFrontier(benchmark::State& state) {
  const char* profile = kProfiles[state.range(0)];
  SweepSystem system{.model = find_model("gpt-moe-1.8t"),
                     .gpu = find_gpu("gb200-nvl72"),
                     .precision = {},
                     .profile = find_cost_profile(profile),
                     .budget = {}};
  system.precision = default_precision(system.profile, system.model, system.gpu);
  std::size_t points = 0, frontier = 0;
  for (auto _ : state) {
    const PlanRules rules = default_rules(system.model, system.gpu, system.precision);
    const auto tasks = sweep_tasks(allowed_configs(64, rules, system.model), chunk_sizes());
    const SweepResult result = run_sweep(SteadyMethod(system, {}), tasks, {.threads = 1});
    points = result.points.size(), frontier = pareto_frontier(result.points).size();
  }
  state.SetLabel(profile);
  state.counters["points"] = static_cast<double>(points);
  state.counters["frontier"] = static_cast<double>(frontier);
  state.counters["peak_MB"] = peak_megabytes();
}
BENCHMARK(BM_SteadySweepWithFrontier)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace inferbench

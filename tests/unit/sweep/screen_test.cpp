#include "harness/sweep/screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/sweep/frontier.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

SweepSystem small_system() {
  SweepSystem system;
  system.model = find_model("llama-3-8b");
  system.gpu = find_gpu("h100");
  system.precision = parse_precision("bf16");
  system.profile = find_cost_profile("default");
  return system;
}

ReplaySweep offered(LoadKind load) {
  ReplaySweep sweep;
  sweep.offer.requests = 300;
  sweep.workload = std::make_shared<const Workload>(
      load_workload("poisson:rate=4,isl=uniform(500,1500),osl=uniform(100,300)", sweep.offer));
  sweep.load = load;
  return sweep;
}

std::vector<SweepTask> tasks_at(const std::vector<double>& loads) {
  std::vector<SweepTask> all;
  for (const SweepTask& task : sweep_tasks({parse_parallel("tp4"), parse_parallel("tp2dp2"),
                                            parse_parallel("dp4"), parse_parallel("pp4")},
                                           {Tokens(256), Tokens(1024), Tokens(4096)})) {
    for (const double load : loads) {
      all.push_back(task);
      all.back().load = load;
    }
  }
  return all;
}

// Screening may only save time: the frontier of the survivors is the frontier of all.
TEST(Screen, KeepsTheFrontierOfAFullReplaySweep) {
  for (const LoadKind load : {LoadKind::rate, LoadKind::users}) {
    const ReplaySweep sweep = offered(load);
    const ReplayMethod method(small_system(), sweep);
    const auto tasks = tasks_at(load == LoadKind::rate ? std::vector<double>{5, 20, 60}
                                                       : std::vector<double>{4, 32, 128});
    const auto screened = screen(small_system(), sweep, tasks, 0.25, 1);
    ASSERT_EQ(screened.size(), tasks.size());
    EXPECT_LT(count(screened, Screened::kept), tasks.size());
    const SweepResult full = run_sweep(method, tasks, {.threads = 1});
    for (const std::size_t i : pareto_frontier(full.points)) {
      // An overloaded task may look well in a run of 300 requests; it is left out on purpose.
      if (screened[i].verdict == Screened::overloaded) {
        EXPECT_GT(tasks[i].load, 1.25 * screened[i].point.rate);
        continue;
      }
      EXPECT_EQ(screened[i].verdict, Screened::kept)
          << label(tasks[i].parallel) << " " << tasks[i].chunk.count() << " " << tasks[i].load;
    }
  }
}

TEST(Screen, WhatItTakesForMissingTheSloMissesIt) {
  ReplaySweep sweep = offered(LoadKind::rate);
  sweep.slo = parse_slo("tpot_p50=5ms");
  const ReplayMethod method(small_system(), sweep);
  std::size_t missing = 0;
  for (const ScreenedTask& task : screen(small_system(), sweep, tasks_at({5, 20}), 0.25, 1)) {
    if (task.verdict != Screened::misses_slo) continue;
    ++missing;
    EXPECT_FALSE(method.evaluate(task.task).meets_slo) << label(task.task.parallel);
  }
  EXPECT_GT(missing, 0U);
}

TEST(Screen, AWiderMarginKeepsMore) {
  const ReplaySweep sweep = offered(LoadKind::rate);
  const auto tasks = tasks_at({5, 60});
  std::size_t last = 0;
  for (const double margin : {0.0, 0.1, 0.5, 20.0}) {
    const std::size_t kept = count(screen(small_system(), sweep, tasks, margin, 1), Screened::kept);
    EXPECT_GE(kept, last);
    last = kept;
  }
  EXPECT_EQ(last, tasks.size());
  EXPECT_THROW(screen(small_system(), sweep, tasks, -0.1), Error);
}

TEST(Screen, WhatCannotServeIsKeptForItsReason) {
  const ReplaySweep sweep = offered(LoadKind::rate);
  const std::vector<SweepTask> tasks = {
      {.parallel = parse_parallel("ep2"), .chunk = Tokens(256), .load = 1}};
  EXPECT_EQ(screen(small_system(), sweep, tasks, 0.25)[0].verdict, Screened::kept);
}

}  // namespace
}  // namespace inferbench

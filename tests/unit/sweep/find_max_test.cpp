#include "harness/sweep/find_max.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
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

ReplaySweep offered(const std::string& slo, std::int64_t requests = 600,
                    LoadKind load = LoadKind::rate) {
  ReplaySweep sweep;
  sweep.offer.seed = 5;
  sweep.offer.requests = requests;
  sweep.workload = std::make_shared<const Workload>(
      load_workload("poisson:rate=4,isl=uniform(200,800),osl=uniform(20,100)", sweep.offer));
  sweep.load = load;
  sweep.slo = parse_slo(slo);
  return sweep;
}

std::vector<SweepTask> few_tasks() {
  return sweep_tasks({parse_parallel("tp1dp2"), parse_parallel("tp2"), parse_parallel("pp2")},
                     {Tokens(256), Tokens(1024)});
}

const char* const kSlo = "ttft_p90=300ms,tpot_p90=20ms";

// At the answer a replay of its own meets the SLO; above it, none does.
TEST(FindMax, TheAnswerMeetsTheSloAndTheNextLoadDoesNot) {
  const SloProbe probe(small_system(), offered(kSlo), 0.25);
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(1024)};
  const FindMaxResult found = find_max(probe, {task}, {.threads = 1});
  ASSERT_TRUE(found.best);
  EXPECT_GT(found.load, 1);
  EXPECT_LE(found.next, found.load * 1.0201);
  EXPECT_TRUE(found.violations.empty());
  const auto met_at = [&](double load) {
    ReplaySweep sweep = offered(kSlo);
    sweep.load = LoadKind::rate;
    SweepTask at = task;
    at.load = load;
    return ReplayMethod(small_system(), sweep).evaluate(at).meets_slo;
  };
  EXPECT_TRUE(met_at(found.load));
  EXPECT_FALSE(met_at(found.next * 1.25));
}

// Racing and pruning may only save time: the best maximum is that of searching every task alone.
TEST(FindMax, SearchingTogetherFindsTheBestOfSearchingEachAlone) {
  const SloProbe probe(small_system(), offered(kSlo), 0.25);
  const FindMaxResult together = find_max(probe, few_tasks(), {.threads = 1});
  const FindMaxResult alone = find_max(probe, few_tasks(), {.exhaustive = true, .threads = 1});
  ASSERT_TRUE(together.best && alone.best);
  EXPECT_NEAR(together.load, alone.load, 0.021 * alone.load);
  EXPECT_LT(together.probes(), alone.probes());
  // And the best task is one of those within the resolution of the best.
  EXPECT_GE(alone.tasks[*together.best].met(), alone.load / 1.0201 / 1.0201);
}

TEST(FindMax, DoesNotDependOnThreads) {
  const SloProbe probe(small_system(), offered(kSlo), 0.25);
  const FindMaxResult one = find_max(probe, few_tasks(), {.threads = 1});
  const FindMaxResult four = find_max(probe, few_tasks(), {.threads = 4});
  EXPECT_EQ(one.load, four.load);
  EXPECT_EQ(one.best, four.best);
  EXPECT_EQ(one.probes(), four.probes());
}

TEST(FindMax, EarlyStoppingGivesTheAnswerOfWholeRuns) {
  const SloProbe probe(small_system(), offered(kSlo, 3000), 0.25);
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(1024)};
  const FindMaxResult early = find_max(probe, {task}, {.threads = 1});
  const FindMaxResult certain =
      find_max(probe, {task}, {.stopping = Stopping::certain, .threads = 1});
  EXPECT_NEAR(early.load, certain.load, 0.041 * certain.load);
  std::uint64_t seen_early = 0, seen_certain = 0;
  for (const Probe& p : early.tasks[0].probes) seen_early += p.seen;
  for (const Probe& p : certain.tasks[0].probes) seen_certain += p.seen;
  EXPECT_LT(seen_early, seen_certain);
}

TEST(FindMax, UsersAreWholeAndNextToEachOther) {
  const SloProbe probe(small_system(), offered(kSlo, 600, LoadKind::users), 0.25);
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(1024)};
  const FindMaxResult found = find_max(probe, {task}, {.resolution = 0.001, .threads = 1});
  ASSERT_TRUE(found.best);
  EXPECT_EQ(found.load, std::floor(found.load));
  EXPECT_EQ(found.next, found.load + 1);
}

TEST(FindMax, NobodyMeetsItNamesTheClosestAndWhatBinds) {
  const SloProbe probe(small_system(), offered("ttft_p90=9s,tpot_p90=1ms"), 0.25);
  const FindMaxResult found = find_max(probe, few_tasks(), {.threads = 1});
  EXPECT_FALSE(found.best);
  ASSERT_TRUE(found.closest);
  const SearchedTask& closest = found.tasks[*found.closest];
  EXPECT_EQ(label(closest.task.parallel), "TP2");  // two GPUs share each token's work
  EXPECT_EQ(closest.probes.back().binds, "tpot_p90 <= 1 ms");
  EXPECT_GT(*closest.probes.back().strain, 1);
}

// A model that sends every request away has no latency at all; that is not close to any SLO.
TEST(FindMax, RejectedRequestsBind) {
  SweepSystem system = small_system();
  system.model.context = 128;
  const SloProbe probe(system, offered("ttft_mean=1s"), 0.25);
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(1024)};
  const FindMaxResult found = find_max(probe, {task}, {.lowest = 1, .threads = 1});
  EXPECT_FALSE(found.best);
  const Probe& last = found.tasks[*found.closest].probes.back();
  EXPECT_NE(last.binds.find("600 of 600 requests rejected"), std::string::npos) << last.binds;
}

TEST(FindMax, SaysWhenTheBoundIsMet) {
  const SloProbe probe(small_system(), offered(kSlo), 0.25);
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(1024)};
  const FindMaxResult found = find_max(probe, {task}, {.highest = 1.5, .threads = 1});
  EXPECT_TRUE(found.at_highest);
  EXPECT_DOUBLE_EQ(found.load, 1.5);
}

TEST(FindMax, RefusesWhatCannotBeSearched) {
  const SloProbe probe(small_system(), offered(kSlo), 0.25);
  EXPECT_THROW(find_max(probe, few_tasks(), {.lowest = 8, .highest = 4}), Error);
  EXPECT_THROW(find_max(probe, few_tasks(), {.lowest = -1}), Error);
  EXPECT_THROW(find_max(probe, few_tasks(), {.resolution = 0}), Error);
  EXPECT_THROW(find_max(probe, {{.parallel = parse_parallel("ep2"), .chunk = Tokens(256)}}, {}),
               Error);
  // A p99 of 100 requests is not known at 99 % confidence.
  EXPECT_THROW(SloProbe(small_system(), offered("ttft_p99=1s", 100), 0.25), Error);
  ReplaySweep without = offered(kSlo);
  without.slo.reset();
  EXPECT_THROW(SloProbe(small_system(), without, 0.25), Error);
}

// What pruning rests on: with loads far above it allowed, no task goes beyond its steady capacity
// and a quarter.
TEST(FindMax, NoTaskServesMoreThanItsSteadyCapacityAndAQuarter) {
  const SloProbe wide(small_system(), offered("ttft_p90=20s", 4000), 9);
  const FindMaxResult found =
      find_max(wide, few_tasks(), {.resolution = 0.05, .exhaustive = true, .threads = 1});
  for (const SearchedTask& task : found.tasks) {
    const double capacity = task.highest_load / 10;
    EXPECT_LT(task.met(), 1.25 * capacity) << label(task.task.parallel);
    EXPECT_GT(task.met(), 0.5 * capacity) << label(task.task.parallel);
  }
}

}  // namespace
}  // namespace inferbench

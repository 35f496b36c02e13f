#include "harness/sweep/replay_method.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/sweep/frontier.hpp"
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

ReplaySweep thirty_requests() {
  ReplaySweep sweep;
  sweep.offer.seed = 3;
  sweep.offer.requests = 30;
  sweep.workload = std::make_shared<const Workload>(
      load_workload("poisson:rate=4,isl=fixed(512),osl=fixed(32)", sweep.offer));
  return sweep;
}

const SweepTask kTask = {.parallel = {.tp = 2}, .chunk = Tokens(1024)};

TEST(ReplayMethod, GivesWhatTheDeploymentGivesByItself) {
  const SweepSystem system = small_system();
  const ReplaySweep sweep = thirty_requests();
  const SweepPoint point = ReplayMethod(system, sweep).evaluate(kTask);

  const auto placed = place(system.model, system.gpu, kTask.parallel, system.precision,
                            MemoryBudget{.activation_tokens = Tokens(1024)});
  ServingOptions serving;
  serving.step_tokens = Tokens(1024);
  DeployedSystem deployed(std::get<Deployment>(placed), system.profile, serving);
  const auto source = open_source(sweep.workload, sweep.offer);
  RecordList records;
  deployed.serve(*source, records);
  std::uint64_t tokens = 0;
  Time last{};
  for (const RequestRecord& record : records.records()) {
    tokens += static_cast<std::uint64_t>(record.output.count());
    last = std::max(last, record.ended);
  }
  ASSERT_TRUE(point.fits) << point.why_not;
  EXPECT_EQ(tokens, 30U * 32U);
  const Time first = sweep.workload->requests.front().arrival;
  const double seconds = static_cast<double>((last - first).count()) / 1e9;
  // Thirty requests have no steady window: the headline is the full one.
  EXPECT_NEAR(point.tps_gpu, static_cast<double>(tokens) / seconds / 2.0, 1e-6 * point.tps_gpu);
  EXPECT_GT(point.tps_user, 0);
  EXPECT_GT(point.ttft.count(), 0);
}

TEST(ReplayMethod, MoreLoadDeliversMoreAndLetsUsersWaitLonger) {
  ReplaySweep sweep = thirty_requests();
  sweep.load = LoadKind::rate;
  const ReplayMethod method(small_system(), sweep);
  SweepTask calm = kTask, busy = kTask;
  calm.load = 1, busy.load = 64;
  const SweepPoint a = method.evaluate(calm), b = method.evaluate(busy);
  EXPECT_GT(b.tps_gpu, a.tps_gpu);
  EXPECT_LT(b.tps_user, a.tps_user);
  EXPECT_GT(b.ttft, a.ttft);
}

TEST(ReplayMethod, ClosedLoopUsersAreALoad) {
  ReplaySweep sweep = thirty_requests();
  sweep.load = LoadKind::users;
  const ReplayMethod method(small_system(), sweep);
  SweepTask one = kTask, many = kTask;
  one.load = 1, many.load = 16;
  EXPECT_GT(method.evaluate(many).tps_gpu, method.evaluate(one).tps_gpu);
}

TEST(ReplayMethod, APointThatMissesTheSloStaysOffTheFrontier) {
  ReplaySweep sweep = thirty_requests();
  sweep.slo = parse_slo("ttft_mean=1us");
  const SweepPoint point = ReplayMethod(small_system(), sweep).evaluate(kTask);
  EXPECT_TRUE(point.fits);
  EXPECT_FALSE(point.meets_slo);
  EXPECT_EQ(point.why_not.substr(0, 4), "SLO:");
  EXPECT_TRUE(pareto_frontier(std::span(&point, 1)).empty());
}

TEST(ReplayMethod, SaysWhyAPointDoesNotFit) {
  SweepSystem system = small_system();
  SweepTask experts = kTask;
  experts.parallel = {.ep = 2};
  EXPECT_EQ(ReplayMethod(system, thirty_requests()).evaluate(experts).why_not.substr(0, 8),
            "degrees:");
  system.model = find_model("llama-3-70b");
  SweepTask single = kTask;
  single.parallel = {};
  const SweepPoint point = ReplayMethod(system, thirty_requests()).evaluate(single);
  EXPECT_FALSE(point.fits);
  EXPECT_EQ(point.why_not.substr(0, 8), "weights:");
  system = small_system();
  system.model.context = 256;  // every request is longer
  EXPECT_EQ(ReplayMethod(system, thirty_requests()).evaluate(kTask).why_not.substr(0, 9),
            "requests:");
}

TEST(ReplayMethod, TakesThePolicyAndItsDrafts) {
  ReplaySweep sweep = thirty_requests();
  const SweepPoint plain = ReplayMethod(small_system(), sweep).evaluate(kTask);
  sweep.serving.scheduler = "prefill_first";
  sweep.serving.speculation = parse_speculation("gamma=3,accept=1");
  const SweepPoint best = ReplayMethod(small_system(), sweep).evaluate(kTask);
  ASSERT_TRUE(best.fits) << best.why_not;
  EXPECT_LT(best.tpot.count(), 0.5 * plain.tpot.count());
}

// What does not go with one configuration is a point that does not fit, not the sweep's end.
TEST(ReplayMethod, ADraftThatDoesNotFitIsAPointThatDoesNot) {
  ReplaySweep sweep = thirty_requests();
  sweep.serving.speculation = parse_speculation("draft=llama-3-70b,gamma=3,accept=1");
  const SweepPoint point =
      ReplayMethod(small_system(), sweep).evaluate({.parallel = {.tp = 1}, .chunk = Tokens(1024)});
  EXPECT_FALSE(point.fits);
  EXPECT_NE(point.why_not.find("speculation"), std::string::npos) << point.why_not;
}

}  // namespace
}  // namespace inferbench

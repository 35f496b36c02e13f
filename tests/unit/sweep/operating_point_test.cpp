#include "harness/sweep/operating_point.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

SweepSystem small_system() {
  SweepSystem system;
  system.model = find_model("llama-3-8b");
  system.gpu = find_gpu("h100");
  system.precision = parse_precision("bf16");
  system.profile = find_cost_profile("default");
  return system;
}

Request request(Duration arrival, std::int64_t input, std::int64_t output) {
  Request r;
  r.arrival = Time(arrival);
  r.input = Tokens(input), r.output = r.max_output = Tokens(output);
  return r;
}

// Two requests a second apart: one gap, 1 request/s. ISL (100 + 300) / 2, OSL (10 + 30) / 2; a
// decode holds (105 x 10 + 315 x 30) / 40 = 262.5 tokens.
TEST(TrafficMeans, WorkedOutByHand) {
  Workload workload;
  workload.requests = {request(0s, 100, 10), request(1s, 300, 30)};
  const TrafficMeans means = traffic_means(workload);
  EXPECT_DOUBLE_EQ(means.isl, 200);
  EXPECT_DOUBLE_EQ(means.osl, 20);
  EXPECT_DOUBLE_EQ(means.kv_tokens, 262.5);
  EXPECT_DOUBLE_EQ(*means.rate, 1);
}

TEST(TrafficMeans, PromptsThatAnEarlierRequestCoversCostNothing) {
  Workload workload;
  workload.block_tokens = Tokens(16);
  workload.requests = {request(0s, 64, 10), request(1s, 64, 10)};
  for (Request& r : workload.requests) r.prefix_blocks = {1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(traffic_means(workload).isl, (64 + 1) / 2.0);
}

TrafficMeans one_to_one() {
  return {.isl = 1000, .osl = 1000, .kv_tokens = 1500, .rate = 1.0};
}

// Steps of 512 tokens at ISL = OSL hold 256 decodes and 256 prompt tokens; the rate follows from
// SteadyMethod's time of exactly that step.
TEST(SteadyState, CapacityIsThatOfFullSteps) {
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(512)};
  const OperatingPoint full = SteadyState(small_system(), one_to_one(), task, 4096).capacity();
  EXPECT_DOUBLE_EQ(full.decodes, 256);
  const Traffic traffic{.isl = Tokens(1000), .osl = Tokens(1000)};
  const SweepPoint steady = SteadyMethod(small_system(), traffic, 256)
                                .evaluate({.parallel = task.parallel, .chunk = Tokens(256)});
  EXPECT_NEAR(full.rate, 256 / (steady.stage.count() * 1000), 1e-9 * full.rate);
}

TEST(SteadyState, BatchAndMemoryLimitIt) {
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(512)};
  const SweepSystem system = small_system();
  EXPECT_DOUBLE_EQ(SteadyState(system, one_to_one(), task, 64).capacity().decodes, 64);
  TrafficMeans heavy = one_to_one();
  heavy.kv_tokens = 100'000;
  EXPECT_LT(SteadyState(system, heavy, task, 4096).capacity().decodes, 16);
}

TEST(SteadyState, ServesWhatItIsAskedAndNoMoreThanItCan) {
  const SweepTask task{.parallel = {.tp = 2}, .chunk = Tokens(1024)};
  const SteadyState steady(small_system(), one_to_one(), task, 4096);
  const double most = steady.capacity().rate;
  EXPECT_FALSE(steady.serving(1.01 * most));
  double last = 0;
  for (const double share : {0.1, 0.5, 0.9}) {
    const auto point = steady.serving(share * most);
    ASSERT_TRUE(point);
    EXPECT_NEAR(point->rate, share * most, 0.02 * most);
    EXPECT_GT(point->tpot.count(), last);  // fuller steps take longer
    last = point->tpot.count();
  }
}

TEST(SteadyState, SaysWhyATaskCannotServe) {
  SweepSystem system = small_system();
  const SweepTask experts{.parallel = {.ep = 2}, .chunk = Tokens(512)};
  EXPECT_EQ(SteadyState(system, one_to_one(), experts, 64).why_not().substr(0, 7), "degrees");
  system.model = find_model("llama-3-70b");
  EXPECT_EQ(SteadyState(system, one_to_one(), {.parallel = {}, .chunk = Tokens(512)}, 64)
                .why_not()
                .substr(0, 7),
            "weights");
  EXPECT_THROW(SteadyState(system, TrafficMeans{}, experts, 64), Error);
}

}  // namespace
}  // namespace inferbench

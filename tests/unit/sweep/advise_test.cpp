#include "harness/sweep/advise.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

SweepSystem small_system() {
  SweepSystem system;
  system.model = find_model("llama-3-8b");
  system.profile = find_cost_profile("default");
  return system;
}

GpuOffer offer(const char* gpu) {
  GpuOffer out;
  out.gpu = find_gpu(gpu);
  out.precision = parse_precision("bf16");
  out.watts = out.gpu.power_watts;
  return out;
}

ReplaySweep traffic(double rate, const char* slo) {
  ReplaySweep out;
  out.offer.requests = 400;
  out.workload = std::make_shared<const Workload>(
      load_workload("poisson:rate=4,isl=uniform(500,1500),osl=uniform(50,150)", out.offer));
  out.offer.rate = rate;
  out.slo = parse_slo(slo);
  return out;
}

AdviseOptions few() {
  AdviseOptions options;
  options.chunks = {Tokens(512), Tokens(2048)};
  options.most_replica_gpus = 4;
  options.schedulers = {"in_flight", "static"};
  options.threads = 1;
  return options;
}

const char* const kSlo = "ttft_p90=500ms,tpot_p90=30ms";

// What is advised meets the SLO in a replay of its own.
TEST(Advise, AdvisesADeploymentThatMeetsTheSlo) {
  const ReplaySweep asked = traffic(40, kSlo);
  const auto advices = advise(small_system(), {offer("h100")}, asked, few());
  ASSERT_EQ(advices.size(), 1U);
  const Advice& advice = advices[0];
  ASSERT_TRUE(advice.serves) << advice.why_not;
  SweepSystem system = small_system();
  system.gpu = advice.offer.gpu, system.precision = advice.offer.precision;
  ReplaySweep sweep = asked;
  sweep.load = LoadKind::rate;
  sweep.serving.scheduler = advice.scheduler;
  EXPECT_TRUE(ReplayMethod(system, sweep).evaluate(advice.task).meets_slo);
  EXPECT_DOUBLE_EQ(advice.task.load, 40);
  EXPECT_TRUE(advice.probe.whole);
}

TEST(Advise, MoreTrafficNeedsNoFewerGpus) {
  std::int64_t last = 0;
  for (const double rate : {5.0, 40.0, 160.0}) {
    const auto advices = advise(small_system(), {offer("a100")}, traffic(rate, kSlo), few());
    ASSERT_TRUE(advices[0].serves) << advices[0].why_not;
    EXPECT_GE(advices[0].gpus(), last);
    last = advices[0].gpus();
  }
  EXPECT_GT(last, 1);
}

// 4 GPUs at 3.6 an hour cost 0.004 a second; at 100 output tokens/s that is 40 per million, and at
// 250 W each 0.1 tokens/J.
TEST(Advise, CostAndEnergyByHand) {
  Advice advice;
  advice.serves = true;
  advice.task.parallel.dp = 4;
  advice.output_tps = 100;
  advice.offer.watts = 250;
  EXPECT_FALSE(advice.cost_per_million());
  advice.offer.price_per_hour = 3.6;
  EXPECT_NEAR(*advice.cost_per_million(), 40, 1e-9);
  EXPECT_DOUBLE_EQ(advice.tokens_per_joule(), 0.1);
  advice.serves = false;
  EXPECT_FALSE(advice.cost_per_million());
}

TEST(Advise, SaysWhatBindsWhenNothingServes) {
  const auto advices =
      advise(small_system(), {offer("h100")}, traffic(10, "tpot_p90=100us"), few());
  EXPECT_FALSE(advices[0].serves);
  EXPECT_NE(advices[0].why_not.find("tpot_p90 <= 0.1 ms"), std::string::npos) << advices[0].why_not;
  SweepSystem large = small_system();
  large.model = find_model("llama-3-405b");
  AdviseOptions one = few();
  one.most_replica_gpus = 1;
  const auto unfit = advise(large, {offer("h100")}, traffic(10, kSlo), one);
  EXPECT_NE(unfit[0].why_not.find("does not fit"), std::string::npos) << unfit[0].why_not;
}

TEST(Advise, NeedsARate) {
  ReplaySweep asked = traffic(1, kSlo);
  asked.offer.rate.reset();
  Workload at_once = *asked.workload;
  for (Request& request : at_once.requests) request.arrival = Time{};
  asked.workload = std::make_shared<const Workload>(at_once);
  EXPECT_THROW(advise(small_system(), {offer("h100")}, asked, few()), Error);
}

}  // namespace
}  // namespace inferbench

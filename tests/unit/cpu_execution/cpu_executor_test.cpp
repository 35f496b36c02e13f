#include "harness/execute/cpu/cpu_executor.hpp"

#include <gtest/gtest.h>

#include "tests/unit/cpu_execution/tiny_system.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

struct OneRequest {
  OneRequest() {
    SchedulerOptions options = roomy();
    options.block_tokens = Tokens(16);
    options.kv_blocks = 8;
    scheduler = make_scheduler("in_flight", options);
    asked = requests({{0ms, 10, 3}})[0];
  }
  TinyModel model{8};
  PromptTexts texts{1, 256, Tokens(0)};
  std::unique_ptr<Scheduler> scheduler;
  Request asked;
};

// A prompt's step samples the first token, each decode one more; they come back and add up.
TEST(CpuExecutor, SampledTokensComeBack) {
  OneRequest one;
  CpuExecutor executor(one.model.decoder, *one.scheduler, one.model.team, one.texts, {});
  one.scheduler->admit(one.asked);
  executor.open(one.asked);
  std::vector<std::int32_t> tokens;
  for (int step = 0; step < 3; ++step) {
    const BatchPlan& plan = one.scheduler->plan();
    const StepResult result = executor.run(plan);
    ASSERT_EQ(result.tokens.size(), 1U);
    tokens.push_back(result.tokens[0]);
    one.scheduler->commit(plan.step, result);
  }
  EXPECT_TRUE(one.scheduler->plan().empty());
  executor.close(one.asked.id);
  const auto answer = executor.answer(one.asked.id);
  EXPECT_EQ(std::vector<std::int32_t>(answer.begin(), answer.end()), tokens);
  EXPECT_TRUE(executor.answer(RequestId(5)).empty());
}

// Parts add up to the elapsed time, and what lies between steps is host time where it is counted.
TEST(CpuExecutor, PartsAddUpToTheStep) {
  OneRequest one;
  Duration now(0);
  CpuExecutor::Options options;
  options.count_between = true;
  options.now = [&now] { return now; };
  CpuExecutor executor(one.model.decoder, *one.scheduler, one.model.team, one.texts, options);
  one.scheduler->admit(one.asked);
  executor.open(one.asked);
  now = 5ms;  // before the first step: nothing to count from
  for (int step = 0; step < 2; ++step) {
    const BatchPlan& plan = one.scheduler->plan();
    const StepResult result = executor.run(plan);
    EXPECT_EQ(result.timing.elapsed, step == 0 ? Duration(0) : Duration(3ms));
    const StepTiming::Parts& parts = result.timing.parts;
    EXPECT_GT(parts.gemm, Duration(0));
    EXPECT_GT(parts.attention, Duration(0));
    EXPECT_EQ(parts.gemm + parts.attention + parts.moe + parts.elementwise + parts.host,
              result.timing.elapsed);
    EXPECT_EQ(result.timing.stage, result.timing.elapsed);
    one.scheduler->commit(plan.step, result);
    now += 3ms;
  }
}

TEST(CpuExecutor, PlansThatItDoesNotExecuteAreBrokenInvariants) {
  OneRequest one;
  CpuExecutor executor(one.model.decoder, *one.scheduler, one.model.team, one.texts, {});
  one.scheduler->admit(one.asked);
  executor.open(one.asked);
  const BatchPlan plan = one.scheduler->plan();
  BatchPlan padded = plan, ranked = plan, moved = plan, unknown = plan;
  padded.items[0].padding = Tokens(3);
  ranked.items[0].rank = 1;
  moved.kv_from_host = Tokens(16);
  unknown.items[0].request = RequestId(9);
  for (const BatchPlan* wrong : {&padded, &ranked, &moved, &unknown}) {
    EXPECT_THROW(executor.run(*wrong), std::logic_error);
  }
}

}  // namespace
}  // namespace inferbench

#include "harness/execute/cpu/concurrent_executor.hpp"

#include <gtest/gtest.h>

#include "tiny_system.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;
using namespace inferbench::testing_support;

// Two executors compute the same request at the same time, and give the tokens of one that runs.
TEST(ConcurrentExecutor, ComputesWhatRunWould) {
  const PromptTexts texts(1, 256, Tokens(16));
  const Request asked = requests({{0ms, 20, 6}}).front();
  SchedulerOptions limits = pool_of();
  limits.block_tokens = Tokens(16);
  limits.kv.cache_answers = false;
  struct Side {
    Side(const PromptTexts& texts, const SchedulerOptions& limits, StepsUnderWay& steps)
        : scheduler(make_scheduler("in_flight", limits)),
          model(40),
          executor(model.decoder, *scheduler, model.team, texts, {}),
          concurrent(executor, steps) {}
    std::unique_ptr<Scheduler> scheduler;
    TinyModel model;
    CpuExecutor executor;
    ConcurrentExecutor concurrent;
  };
  StepsUnderWay steps;
  Side a(texts, limits, steps), b(texts, limits, steps);
  EXPECT_FALSE(steps.wait({}));
  for (Side* side : {&a, &b}) {
    side->scheduler->admit(asked);
    side->concurrent.open(asked);
  }
  for (int step = 0; step < 6; ++step) {
    const BatchPlan &left = a.scheduler->plan(), &right = b.scheduler->plan();
    a.concurrent.begin(left);
    b.concurrent.begin(right);
    while (!a.concurrent.finished() || !b.concurrent.finished()) EXPECT_TRUE(steps.wait({}));
    const StepResult first = a.concurrent.finish(), second = b.concurrent.finish();
    EXPECT_EQ(first.tokens, second.tokens);
    EXPECT_GT(first.timing.elapsed, Duration(0));
    EXPECT_FALSE(a.concurrent.finished());
    a.scheduler->commit(left.step, first);
    b.scheduler->commit(right.step, second);
  }
  const auto answer = a.executor.answer(asked.id);
  EXPECT_EQ(std::vector<std::int32_t>(answer.begin(), answer.end()),
            plain_answers({asked}, texts, sampling_of({})).front());
}

TEST(ConcurrentExecutor, FinishThrowsWhatComputingThrows) {
  class Failing final : public StepModel {
   public:
    void forward(const TokenBatch&, std::span<float>) override { throw std::bad_alloc(); }
    std::int64_t vocab() const override { return 256; }
    std::int64_t kv_blocks() const override { return 40; }
    KernelTimes times() const override { return {}; }
    void trace(KernelSpans*) override {}
  };
  const Request asked = requests({{0ms, 20, 6}}).front();
  SchedulerOptions limits = pool_of();
  limits.block_tokens = Tokens(16);
  const auto scheduler = make_scheduler("in_flight", limits);
  Failing model;
  ThreadTeam team;
  CpuExecutor executor(model, *scheduler, team, PromptTexts(1, 256, Tokens(16)), {});
  StepsUnderWay steps;
  ConcurrentExecutor concurrent(executor, steps);
  scheduler->admit(asked);
  concurrent.open(asked);
  concurrent.begin(scheduler->plan());
  EXPECT_THROW(concurrent.finish(), std::bad_alloc);
}

// Until then nothing ends: the deadline does.
TEST(StepsUnderWay, TellOfAnEndOrOfTheDeadline) {
  StepsUnderWay steps;
  steps.begun();
  EXPECT_TRUE(steps.wait(std::chrono::steady_clock::now()));
  steps.begun();
  steps.ended();
  EXPECT_TRUE(steps.wait({}));
  steps.ended();
  EXPECT_TRUE(steps.wait({}));
  EXPECT_FALSE(steps.wait({}));
}

}  // namespace
}  // namespace inferbench

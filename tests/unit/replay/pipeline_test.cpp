#include "harness/replay/pipeline.hpp"

#include <gtest/gtest.h>

#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

StepResult step(Duration stage, Duration elapsed) {
  StepResult result;
  result.timing.stage = stage;
  result.timing.elapsed = elapsed;
  return result;
}

// Two stages of 10 ms:
//   ms       0..10   10..20   20..30
//   stage 1  step 0  step 1
//   stage 2          step 0   step 1
TEST(Pipeline, StepsFollowEachOtherThroughTheStages) {
  Pipeline pipeline(2);
  pipeline.enter(StepId(0), step(10ms, 20ms), Time(0ms));
  EXPECT_FALSE(pipeline.accepts(Time(9ms)));
  EXPECT_EQ(pipeline.next_entry(), Time(10ms));
  EXPECT_TRUE(pipeline.accepts(Time(10ms)));
  pipeline.enter(StepId(1), step(10ms, 20ms), Time(10ms));
  EXPECT_FALSE(pipeline.accepts(Time(20ms)));  // as many steps as stages
  EXPECT_EQ(pipeline.leave().done, Time(20ms));
  EXPECT_EQ(pipeline.leave().done, Time(30ms));
  EXPECT_EQ(pipeline.next_done(), kNever);
}

// A short step behind a long one waits at stage 2 until the long one has left it:
//   long   stage 1 0..30, stage 2 30..60;  short  stage 1 30..40, stage 2 60..70
TEST(Pipeline, AShortStepCannotOvertake) {
  Pipeline pipeline(2);
  pipeline.enter(StepId(0), step(30ms, 60ms), Time(0ms));
  pipeline.enter(StepId(1), step(10ms, 20ms), Time(30ms));
  EXPECT_EQ(pipeline.leave().done, Time(60ms));
  EXPECT_EQ(pipeline.leave().done, Time(70ms));
}

// Stages of 10 ms and 4 ms, 2 ms of transfer between them.
TEST(Pipeline, TransferDelaysAStepButOccupiesNoStage) {
  Pipeline pipeline(2);
  pipeline.enter(StepId(0), step(10ms, 22ms), Time(0ms));
  pipeline.enter(StepId(1), step(10ms, 22ms), Time(10ms));
  EXPECT_EQ(pipeline.leave().done, Time(22ms));
  EXPECT_EQ(pipeline.leave().done, Time(32ms));
}

TEST(Pipeline, UnevenStagesAddUpToTheElapsedTime) {
  Pipeline pipeline(3);
  pipeline.enter(StepId(0), step(10ms, 16ms), Time(0ms));  // 10 + 3 + 3
  EXPECT_EQ(pipeline.next_entry(), Time(10ms));
  EXPECT_EQ(pipeline.leave().done, Time(16ms));
}

// Four stages of 10 ms, four users, answers of 10 tokens: the micro-batches of one request each
// keep every stage busy, so a token takes 40 ms and all four answers end within 400 ms + 3 stages.
TEST(Pipeline, MicroBatchesFillTheStages) {
  ReplayOptions options;
  options.scheduler.steps_in_flight = 4;
  options.scheduler.max_batch = 4;
  options.scheduler.step_tokens = 8_tok;
  const Replayed out =
      replay(requests({{0ms, 8, 10}, {0ms, 8, 10}, {0ms, 8, 10}, {0ms, 8, 10}}), 10ms, options);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& tokens = out.records[i].token_times;
    EXPECT_EQ(tokens.front(), Time(40ms + 10ms * i));
    for (std::size_t k = 1; k < tokens.size(); ++k) EXPECT_EQ(tokens[k] - tokens[k - 1], 40ms);
  }
}

// claims.md, A11: TTFT = (ceil(ISL / chunk) + PP - 1) stages, because chunk i+1 enters stage 1
// while chunk i is in stage 2: 8 chunks through 4 stages of 10 ms are 110 ms, not 320 ms.
TEST(Pipeline, ChunksOfOnePromptFollowEachOther) {
  ReplayOptions options;
  options.scheduler.steps_in_flight = 4;
  options.scheduler.step_tokens = 100_tok;
  const Replayed out = replay(requests({{0ms, 800, 1}}), 10ms, options);
  EXPECT_EQ(out.records[0].token_times.front(), Time(110ms));
}

}  // namespace
}  // namespace inferbench

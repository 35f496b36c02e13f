#include "harness/calibrate/timed_steps.hpp"

#include <gtest/gtest.h>

#include <map>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

// Time passes when a step runs.
class StepClock final : public Stopwatch {
 public:
  Reading begin() override { return {.wall = now, .cpu = now}; }
  Reading end() override { return begin(); }
  Duration now{};
};

const DecoderOps& ops_of_tiny() {
  static const DecoderOps ops =
      decoder_ops(decoder_shape(find_model("tiny-dense-test")), "bf16", "bf16");
  return ops;
}

struct Timed {
  explicit Timed(const std::vector<ProbeStep>& steps, std::size_t interrupt_after = 1'000'000) {
    SamplerOptions options;
    options.fewest = 5, options.most = 20, options.visits = 2;
    options.interrupted = [this, interrupt_after] { return runs >= interrupt_after; };
    const auto run = [&](const ProbeStep& step) {
      ++runs;
      clock.now += std::chrono::milliseconds(1);
      // Cold at first: the runs that warm up are ten times as long.
      RigTimes times;
      for (std::size_t op = 1; op <= probed_ops(ops_of_tiny(), step).size(); ++op) {
        times.push_back(static_cast<double>(op * static_cast<std::size_t>(step.tokens())) *
                        (runs <= 5 ? 10 : 1));
      }
      return times;
    };
    ops = time_steps(steps, ops_of_tiny(), run, std::chrono::seconds(1), clock, options);
  }

  StepClock clock;
  std::size_t runs = 0;
  std::vector<TimedOp> ops;
};

TEST(TimeSteps, TakesTheRunsAfterWarmUp) {
  const Timed timed({{2, 1, 15, true, true}});
  ASSERT_EQ(timed.ops.size(), 11U);
  for (std::size_t op = 0; op < timed.ops.size(); ++op) {
    const OpPoint& point = timed.ops[op].point;
    EXPECT_DOUBLE_EQ(point.ns, static_cast<double>(2 * (op + 1)));
    EXPECT_LE(point.low_ns, point.ns);
    EXPECT_GE(point.high_ns, point.ns);
    EXPECT_GE(point.samples, 5U);
    EXPECT_LT(point.samples, timed.runs);
  }
}

// Every fifth run of every step is delayed, to six times its time: on average a run takes twice the
// median. Points keep the shape of their medians, and all share the delays.
TEST(TimeSteps, PointsAreOfMeansNotMedians) {
  StepClock clock;
  SamplerOptions options;
  options.fewest = options.most = 20, options.visits = 1;
  std::map<std::int64_t, int> runs;
  const std::vector<ProbeStep> steps = {{1, 3, 0, false, false}, {1, 6, 0, false, false}};
  const auto run = [&](const ProbeStep& step) {
    clock.now += std::chrono::milliseconds(1);
    const double delay = ++runs[step.new_tokens] % 5 == 0 ? 6 : 1;
    return RigTimes(probed_ops(ops_of_tiny(), step).size(),
                    delay * static_cast<double>(step.new_tokens));
  };
  const auto ops = time_steps(steps, ops_of_tiny(), run, std::chrono::seconds(1), clock, options);
  ASSERT_EQ(ops.size(), 20U);
  for (const TimedOp& op : ops) {
    if (find_table_op(op.op.site.op)->op_class == OpClass::gemm && op.op.x > 1) {
      EXPECT_NEAR(op.point.ns / op.op.x, 2, 1e-9);
    }
    EXPECT_LE(op.point.low_ns, op.point.ns);
    EXPECT_GE(op.point.high_ns, op.point.ns);
  }
}

// A decode is timed behind another one of the same requests, a chunk behind whatever came before.
TEST(TimeSteps, DecodesFollowThemselves) {
  StepClock clock;
  SamplerOptions options;
  options.fewest = options.most = 10, options.visits = 1;
  std::vector<bool> order;  // which runs were of the decode
  const auto run = [&](const ProbeStep& step) {
    clock.now += std::chrono::milliseconds(1);
    order.push_back(step.decode);
    // Cold behind something else: ten times as long.
    const bool cold = step.decode && (order.size() < 2 || !order[order.size() - 2]);
    return RigTimes(probed_ops(ops_of_tiny(), step).size(), cold ? 10 : 1);
  };
  const std::vector<ProbeStep> steps = {{2, 1, 15, true, true}, {1, 8, 0, false, false}};
  for (const TimedOp& op :
       time_steps(steps, ops_of_tiny(), run, std::chrono::seconds(1), clock, options)) {
    EXPECT_EQ(op.point.ns, 1) << op.op.site.op;
  }
}

// A step for linear layers says nothing of attention.
TEST(TimeSteps, LeavesOutWhatAStepIsNotFor) {
  const Timed timed({{1, 3, 0, false, false}});
  ASSERT_EQ(timed.ops.size(), 10U);
  for (const TimedOp& op : timed.ops) EXPECT_NE(op.op.site.op, "prefill_attention");
}

TEST(TimeSteps, KeepsNothingOfStepsSampledTooSeldom) {
  EXPECT_TRUE(Timed({{1, 3, 0, false, false}}, 1).ops.empty());
  EXPECT_TRUE(Timed({}).ops.empty());
}

}  // namespace
}  // namespace inferbench

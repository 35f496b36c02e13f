#include "harness/predicted/predicted_system.hpp"

#include <gtest/gtest.h>

#include "harness/measured/cpu_system.hpp"
#include "harness/measured/step_log.hpp"
#include "harness/replay/record_sinks.hpp"
#include "tests/unit/predicted/counting_timer.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace testing_support;

CpuSetup tiny(const std::string& scheduler, std::int64_t max_batch) {
  ServingOptions serving;
  serving.scheduler = scheduler;
  serving.max_batch = max_batch;
  serving.step_tokens = Tokens(32);
  return cpu_setup(find_model("tiny-dense-test"), {}, serving, 3);
}

std::vector<RequestRecord> served(SystemUnderTest& system, const std::vector<Request>& asked) {
  ListSource source(asked);
  RecordList list;
  system.serve(source, list);
  return list.take_by_id();
}

// A prompt of four tokens, then a decode behind four and one behind five. Four tokens take 4 * 4 *
// 2 + 1 ns of GEMM, 2 * 16 of attention, 4 * 4 + 3 * 4 + 4 + 2 of other, 1 of host: 100. A
// decode takes 9 of GEMM, 2 * context of attention (5, then 6), 10 of other, 1 of host.
TEST(PredictedSystem, TakesTheTimeThatIsPredicted) {
  const CpuSetup setup = tiny("in_flight", 4);
  PredictedSystem system(setup.serving, setup.limits, counting_predictor());
  const auto records = served(system, requests({{1us, 4, 3}}));
  ASSERT_EQ(records.size(), 1U);
  ASSERT_EQ(records[0].token_times.size(), 3U);
  EXPECT_EQ(records[0].token_times.front(), Time(1us + Duration(100)));
  EXPECT_EQ(records[0].token_times.back(), Time(1us + Duration(100 + 30 + 32)));
  EXPECT_EQ(system.stats().steps, 3U);
  double answered = 0;
  for (const double ns : system.answered()) answered += ns;
  EXPECT_DOUBLE_EQ(answered, 162);
}

// Requests that come together are planned alike whatever steps take: the model plans what ran.
TEST(PredictedSystem, PlansAsTheMeasuredSystemDoes) {
  for (const char* scheduler : {"in_flight", "prefill_first", "static"}) {
    SCOPED_TRACE(scheduler);
    const CpuSetup setup = tiny(scheduler, 3);
    const auto asked = requests({{0ms, 40, 9}, {0ms, 7, 4}, {0ms, 33, 1}, {0ms, 12, 12}});
    StepLog log;
    CpuSetup logged = setup;
    logged.serving.observer = &log;
    CpuSystem measured(logged, Tokens(0));
    PredictedSystem predicted(setup.serving, measured.scheduler_options(), counting_predictor());
    const auto of = served(measured, asked), by = served(predicted, asked);
    EXPECT_EQ(log.steps().size(), measured.stats().front().steps);
    EXPECT_EQ(measured.stats().front().steps, predicted.stats().steps);
    EXPECT_EQ(measured.stats().front().new_tokens, predicted.stats().new_tokens);
    ASSERT_EQ(of.size(), by.size());
    for (std::size_t i = 0; i < of.size(); ++i) {
      EXPECT_EQ(of[i].outcome, by[i].outcome);
      EXPECT_EQ(of[i].token_times.size(), by[i].token_times.size());
    }
  }
}

}  // namespace
}  // namespace inferbench

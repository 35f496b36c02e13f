#include "results/exporters/serving_figures.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

constexpr double kTiny = 1e-12;

// numpy.percentile([1, 2, 3, 10], 99) = 3 + 0.97 * 7; numpy.std([1, 2, 3, 10]) = sqrt(50 / 4).
TEST(SecondsSamples, GiveNumpysStatistics) {
  const SecondsSamples samples({10, 1, 3, 2});
  EXPECT_NEAR(samples.mean(), 4, kTiny);
  EXPECT_NEAR(samples.median(), 2.5, kTiny);
  EXPECT_NEAR(samples.stddev(), std::sqrt(12.5), kTiny);
  EXPECT_NEAR(samples.percentile(99), 9.79, kTiny);
  EXPECT_NEAR(SecondsSamples({7}).percentile(99), 7, kTiny);
}

TEST(ServingFigures, CountWhatCompleted) {
  const ServingFigures figures = serving_figures(sample_records(), "test");
  EXPECT_EQ(figures.completed, 4U);
  EXPECT_EQ(figures.failed, 1U);
  EXPECT_EQ(figures.input_tokens, 100 + 200 + 50 + 650);
  EXPECT_EQ(figures.output_tokens, 3 + 2 + 1 + 5);
  EXPECT_NEAR(figures.duration_s, 2, kTiny);
  EXPECT_NEAR(figures.request_throughput(), 2, kTiny);
  EXPECT_NEAR(figures.output_throughput(), 5.5, kTiny);
  EXPECT_NEAR(figures.total_token_throughput(), 505.5, kTiny);
}

// From sending: TTFT 100, 200, 300, 500 ms, although request 1 had waited 50 ms before that.
TEST(ServingFigures, StartLatenciesWhereTheRequestIsSent) {
  const ServingFigures figures = serving_figures(sample_records(), "test");
  EXPECT_NEAR(figures.ttft.mean(), 0.275, kTiny);
  EXPECT_NEAR(figures.ttft.median(), 0.250, kTiny);
  EXPECT_NEAR(figures.ttft.percentile(99), 0.494, kTiny);
  EXPECT_NEAR(figures.e2el.mean(), (0.150 + 0.240 + 0.300 + 1.5) / 4, kTiny);
  EXPECT_NEAR(figures.client_queue.mean(), 0.050 / 4, kTiny);
  EXPECT_NEAR(figures.e2el_including_client_queue.mean(), (0.150 + 0.290 + 0.300 + 1.5) / 4, kTiny);
}

// TPOT 25, 40 and 250 ms: the answer of one token has none. ITL pools 20, 30, 40 and four of 250
// ms.
TEST(ServingFigures, LeaveAnswersOfOneTokenOutOfTpot) {
  const ServingFigures figures = serving_figures(sample_records(), "test");
  EXPECT_EQ(figures.tpot.count(), 3U);
  EXPECT_NEAR(figures.tpot.mean(), 0.105, kTiny);
  EXPECT_NEAR(figures.tpot.median(), 0.040, kTiny);
  EXPECT_EQ(figures.itl.count(), 7U);
  EXPECT_NEAR(figures.itl.mean(), 1.090 / 7, kTiny);
}

// Seconds [0, 1), [1, 2), [2, 3) hold 6, 4 and 1 tokens. Requests 0 and 1 overlap, then 1 and 2;
// request 4 is sent in the instant in which 2 ends.
TEST(ServingFigures, FindPeaksPerSecondAndAtOnce) {
  const ServingFigures figures = serving_figures(sample_records(), "test");
  EXPECT_EQ(figures.peak_output_tokens_per_s, 6);
  EXPECT_EQ(figures.peak_concurrent_requests, 2);
}

TEST(ServingFigures, RefuseARunWithNothingInIt) {
  const std::vector<RequestRecord> rejected = {sample_records()[3]};
  EXPECT_THROW(serving_figures(rejected, "test"), Error);
  EXPECT_THROW(serving_figures({}, "test"), Error);
}

}  // namespace
}  // namespace inferbench

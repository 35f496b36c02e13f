#include "harness/predicted/comparison.hpp"

#include <gtest/gtest.h>

#include "tests/unit/predicted/counting_timer.hpp"

namespace inferbench {
namespace {

using namespace testing_support;

ExecutedStep executed(std::vector<BatchItem> items, std::int64_t gemm_ns, std::int64_t host_ns) {
  ExecutedStep step;
  step.items = std::move(items);
  step.timing.parts.gemm = Duration(gemm_ns);
  step.timing.parts.host = Duration(host_ns);
  step.timing.elapsed = Duration(gemm_ns + host_ns);
  return step;
}

TEST(Residual, IsRelativeToTheMeasurement) {
  EXPECT_DOUBLE_EQ((Residual{.measured = 4, .modelled = 5}).error(), 0.25);
  EXPECT_DOUBLE_EQ((Residual{.measured = 0, .modelled = 0}).error(), 0);
  EXPECT_DOUBLE_EQ((Residual{.measured = 0, .modelled = 2}).error(), 1);
}

// A decode of one cached token is predicted at 8 + 1 ns of GEMM, 2 * 2 of attention, 2 + 2 + 3 + 1
// + 2 of other and 1 of host: 24 ns. It took 20 ns once and 48 ns once: errors of 20 % and 50 %,
// whose middle is 35 %.
TEST(StepResiduals, ComparesTheSamePlans) {
  const std::vector<ExecutedStep> log = {executed({decode(1)}, 16, 4),
                                         executed({decode(1)}, 40, 8)};
  const StepResiduals residuals = step_residuals(log, counting_predictor());
  EXPECT_EQ(residuals.steps, 2U);
  EXPECT_DOUBLE_EQ(residuals.seconds.measured, 68e-9);
  EXPECT_DOUBLE_EQ(residuals.seconds.modelled, 48e-9);
  EXPECT_NEAR(residuals.median_absolute_error, 0.35, 1e-12);
  const Residual& gemm = residuals.by_class[static_cast<std::size_t>(OpClass::gemm)];
  EXPECT_DOUBLE_EQ(gemm.measured, 56e-9);
  EXPECT_DOUBLE_EQ(gemm.modelled, 18e-9);
  const Residual& host = residuals.by_class[static_cast<std::size_t>(OpClass::host)];
  EXPECT_DOUBLE_EQ(host.measured, 12e-9);
  EXPECT_DOUBLE_EQ(host.modelled, 2e-9);
  EXPECT_EQ(step_residuals({}, counting_predictor()).median_absolute_error, 0);
}

DistributionMetric latency(const char* id, double mean, std::optional<double> p50) {
  DistributionMetric metric;
  metric.id = id, metric.unit = "ms", metric.mean = mean;
  metric.quantiles = {{.percentile = 50, .value = p50}};
  return metric;
}

Summary summary(double ttft, std::optional<double> p50, double tokens) {
  Summary out;
  out.distributions = {latency("ttft", ttft, p50), latency("queue_engine", 1, 1)};
  ScalarMetric rate;
  rate.id = "output_throughput", rate.unit = "tokens/s", rate.value = tokens;
  Window full, active;
  full.name = "full", full.rates = {rate};
  out.windows = {full, active};
  return out;
}

// Of what both have: the mean of TTFT, not a median that one lacks, and the rate of the whole run.
TEST(MetricResiduals, PairsWhatBothSummariesHave) {
  const auto residuals = metric_residuals(summary(10, 9, 100), summary(12, std::nullopt, 80));
  ASSERT_EQ(residuals.size(), 2U);
  EXPECT_EQ(residuals[0].id, "ttft");
  EXPECT_EQ(residuals[0].statistic, "mean");
  EXPECT_NEAR(residuals[0].residual.error(), 0.2, 1e-12);
  EXPECT_EQ(residuals[1].id, "output_throughput");
  EXPECT_NEAR(residuals[1].residual.error(), -0.2, 1e-12);
}

}  // namespace
}  // namespace inferbench

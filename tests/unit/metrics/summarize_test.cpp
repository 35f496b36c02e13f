#include "harness/metrics/summarize.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/random.hpp"
#include "tests/unit/metrics/records.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

const DistributionMetric& distribution_of(const Summary& summary, std::string_view id) {
  for (const DistributionMetric& metric : summary.distributions) {
    if (metric.id == id) return metric;
  }
  throw std::out_of_range(std::string(id));
}

double rate(const Window& window, std::string_view id) {
  for (const ScalarMetric& metric : window.rates) {
    if (metric.id == id) return metric.value.value_or(std::nan(""));
  }
  throw std::out_of_range(std::string(id));
}

double scalar(const Summary& summary, std::string_view id) {
  for (const ScalarMetric& metric : summary.scalars) {
    if (metric.id == id) return metric.value.value_or(std::nan(""));
  }
  throw std::out_of_range(std::string(id));
}

const ValidityReason* reason(const Summary& summary, std::string_view id) {
  for (const ValidityReason& candidate : summary.validity.reasons) {
    if (candidate.id == id) return &candidate;
  }
  return nullptr;
}

// Two requests with TPOT 10 and 40 ms: mean speed (100 + 25) / 2 = 62.5 tokens/s, which is not
// 1 / mean TPOT = 40; its spread is that of {100, 25}, not 1 / spread of TPOT.
TEST(Summarize, SpeedsAreAveragedAsSpeeds) {
  const std::vector<RequestRecord> records = {answered(0, 0ms, {10ms, 20ms, 30ms}),
                                              answered(1, 0ms, {10ms, 50ms, 90ms})};
  const Summary summary = summarize(records);
  EXPECT_DOUBLE_EQ(*distribution_of(summary, "tps_user").mean, 62.5);
  EXPECT_NEAR(*distribution_of(summary, "tps_user").stddev, 75 / std::sqrt(2.0), 1e-9);
  EXPECT_DOUBLE_EQ(*distribution_of(summary, "tpot").mean, 25);
}

TEST(Summarize, OneTokenAnswersHaveNoTpotSample) {
  const std::vector<RequestRecord> records = {answered(0, 0ms, {10ms}),
                                              answered(1, 0ms, {10ms, 30ms})};
  const Summary summary = summarize(records);
  EXPECT_EQ(distribution_of(summary, "tpot").count, 1U);
  EXPECT_EQ(distribution_of(summary, "ttft").count, 2U);
}

// Two requests of 100 prompt tokens in 100 ms on 4 GPUs; idle from 40 to 60 ms. r0 shows 3 tokens,
// r1 shows 1.
TEST(Summarize, RatesSayWhatTheyDivideBy) {
  const std::vector<RequestRecord> records = {answered(0, 0ms, {20ms, 30ms, 40ms}),
                                              answered(1, 60ms, {100ms})};
  SummaryOptions options;
  options.gpus = {.total = 4, .prefill = 1, .decode = 3};
  const Summary summary = summarize(records, options);
  const Window& full = summary.windows[0];
  EXPECT_EQ(full.name, "full");
  EXPECT_DOUBLE_EQ(rate(full, "duration"), 0.1);
  EXPECT_DOUBLE_EQ(rate(full, "request_throughput"), 20);
  EXPECT_DOUBLE_EQ(rate(full, "output_throughput"), 40);
  EXPECT_DOUBLE_EQ(rate(full, "input_throughput"), 2000);
  EXPECT_DOUBLE_EQ(rate(full, "output_tps_gpu"), 10);
  EXPECT_DOUBLE_EQ(rate(full, "total_tps_gpu"), 510);  // InferenceX's tput_per_gpu: both directions
  EXPECT_DOUBLE_EQ(rate(full, "output_tps_decode_gpu"), 40.0 / 3);
  EXPECT_DOUBLE_EQ(rate(full, "input_tps_prefill_gpu"), 2000);
  EXPECT_DOUBLE_EQ(rate(full, "concurrency_mean"), 0.8);
  EXPECT_DOUBLE_EQ(rate(full, "tps_user_sys"), 50);
  const Window& active = summary.windows[2];
  EXPECT_DOUBLE_EQ(rate(active, "duration"), 0.08);
  EXPECT_DOUBLE_EQ(rate(active, "output_throughput"), 50);
  EXPECT_DOUBLE_EQ(rate(active, "concurrency_mean"), 1);
  EXPECT_FALSE(summary.windows[1].found);
  EXPECT_EQ(summary.headline_window, "full");
  EXPECT_NE(reason(summary, "no_steady_state"), nullptr);
}

// One request a millisecond, each open for 10 ms: after 10 ms ten are open until arrivals stop.
TEST(Summarize, ASteadyStretchLeavesRampAndDrainOut) {
  const Summary summary = summarize(regular(1000, 1ms, 1ms, 1ms, 10));
  const Window& steady = summary.windows[1];
  ASSERT_TRUE(steady.found);
  EXPECT_EQ(summary.headline_window, "steady");
  EXPECT_GT(steady.begin, Time(0ms));
  EXPECT_LT(steady.end, Time(1009ms));
  EXPECT_NEAR(rate(steady, "request_throughput"), 1000, 2);
  EXPECT_NEAR(rate(steady, "concurrency_mean"), 10, 0.05);
  EXPECT_LT(rate(summary.windows[0], "request_throughput"), 992);
}

// The closed loop had 20 users, of whom half were thinking: never near the target.
TEST(Summarize, AClosedLoopsTargetIsItsUsers) {
  SummaryOptions options;
  options.concurrency = 20;
  EXPECT_FALSE(summarize(regular(1000, 1ms, 1ms, 1ms, 10), options).windows[1].found);
}

TEST(Summarize, PercentilesBeyondTheSamplesAreLeftOut) {
  const Summary few = summarize(regular(100, 1ms, 1ms, 1ms, 2));
  for (const Quantile& quantile : distribution_of(few, "ttft").quantiles) {
    const bool supported = quantile.percentile >= 10 && quantile.percentile <= 90;  // 44 of 100
    EXPECT_EQ(quantile.value.has_value(),
              supported || quantile.percentile == 95 || quantile.percentile == 5)
        << quantile.percentile;
  }
  const Summary many = summarize(regular(459, 1ms, 1ms, 1ms, 2));
  EXPECT_TRUE(distribution_of(many, "ttft").quantiles[9].value.has_value());
  EXPECT_FALSE(distribution_of(many, "ttft").quantiles[10].value.has_value());
}

TEST(Summarize, PercentilesStateTheirMethod) {
  SummaryOptions options;
  options.percentile_method = PercentileMethod::loadgen_floor;
  EXPECT_EQ(summarize(regular(10, 1ms, 1ms, 1ms, 2), options).percentile_method, "loadgen_floor");
}

// Ten requests: TTFT 10 ms for eight, 50 ms for two, of which one is slow later; one rejected; one
// cut off. Good: 8 of 11 that ended.
TEST(Goodput, CountsErrorsAsBadAndLeavesCutRequestsOut) {
  std::vector<RequestRecord> records;
  for (std::uint64_t i = 0; i < 8; ++i) records.push_back(answered(i, 0ms, {10ms, 20ms}));
  records.push_back(answered(8, 0ms, {50ms, 60ms}));
  records.push_back(answered(9, 0ms, {50ms, 100ms}));
  records.push_back(without_answer(10, Outcome::rejected, 0ms, 0ms));
  records.push_back(without_answer(11, Outcome::unfinished, 0ms, 100ms));
  SummaryOptions options;
  options.slo = parse_slo("ttft_p50=20ms,tpot_p50=20ms");
  const Summary summary = summarize(records, options);
  EXPECT_DOUBLE_EQ(scalar(summary, "slo_attainment"), 8.0 / 11);
  EXPECT_DOUBLE_EQ(scalar(summary, "request_goodput"), 80);  // in 100 ms
  EXPECT_DOUBLE_EQ(scalar(summary, "token_goodput"), 160);
  EXPECT_DOUBLE_EQ(summary.slo[0].share_of_requests, 8.0 / 11);
  EXPECT_DOUBLE_EQ(summary.slo[1].share_of_requests, 9.0 / 11);
  EXPECT_TRUE(summary.slo[0].met);  // p50 of ten
  EXPECT_EQ(summary.outcomes.unfinished, 1U);
}

TEST(Goodput, AnAnswerWithoutTpotMeetsItsLimit) {
  SummaryOptions options;
  options.slo = parse_slo("tpot_p50=1ms");
  EXPECT_DOUBLE_EQ(scalar(summarize({{answered(0, 0ms, {10ms})}}, options), "slo_attainment"), 1);
}

// Nine gaps of 1 ms and one of 100 ms: the request's own p90 is 1 ms, its p99 is 100 ms.
TEST(Goodput, OfARequestsGapsItsOwnPercentileCounts) {
  std::vector<Duration> tokens = {1ms};
  for (int i = 0; i < 9; ++i) tokens.push_back(tokens.back() + 1ms);
  tokens.push_back(tokens.back() + 100ms);
  const std::vector<RequestRecord> records = {answered(0, 0ms, tokens)};
  SummaryOptions options;
  options.slo = parse_slo("itl_p90=10ms,itl_p99=10ms");
  const Summary summary = summarize(records, options);
  EXPECT_EQ(summary.slo[0].share_of_requests, 1);
  EXPECT_EQ(summary.slo[1].share_of_requests, 0);
}

TEST(Goodput, IsAbsentWithoutAnSlo) {
  EXPECT_TRUE(std::isnan(scalar(summarize(regular(3, 1ms, 1ms, 1ms, 2)), "request_goodput")));
}

TEST(Validity, AnSloPercentileWithTooFewSamplesInvalidates) {
  SummaryOptions options;
  options.slo = parse_slo("ttft_p99=1s");
  const Summary summary = summarize(regular(458, 1ms, 1ms, 1ms, 2), options);
  ASSERT_NE(reason(summary, "too_few_samples"), nullptr);
  EXPECT_FALSE(summary.validity.valid);
  EXPECT_FALSE(summary.slo[0].met);
  EXPECT_TRUE(summarize(regular(459, 1ms, 1ms, 1ms, 2), options).validity.valid);
}

// An unusual percentile is read off the samples.
TEST(Validity, AnyPercentileCanBeLimited) {
  SummaryOptions options;
  options.slo = parse_slo("ttft_p80=1s,ttft_mean=1ms");
  const Summary summary = summarize(regular(100, 1ms, 1ms, 1ms, 2), options);
  EXPECT_EQ(summary.slo[0].attained, 1);
  EXPECT_EQ(summary.slo[1].attained, 1);
  EXPECT_TRUE(summary.slo[1].met);
}

// Served in 2 ms each, one after the other, but due every 1 ms: the k-th waits k ms.
TEST(Validity, LoadBeyondCapacityIsSaid) {
  std::vector<RequestRecord> records;
  for (int i = 0; i < 100; ++i) {
    records.push_back(answered(static_cast<std::uint64_t>(i), i * 1ms, {(2 * i + 2) * 1ms}));
    records.back().admitted = Time(2 * i * 1ms);
  }
  const Summary summary = summarize(records);
  ASSERT_NE(reason(summary, "saturated"), nullptr);
  EXPECT_FALSE(summary.validity.valid);
  SummaryOptions closed;
  closed.concurrency = 100;
  EXPECT_EQ(reason(summarize(records, closed), "saturated"), nullptr);
}

TEST(Validity, AStableQueueIsNotSaturated) {
  RandomStream random(3, "stable");
  std::vector<RequestRecord> records = regular(1000, 1ms, 50ms, 1ms, 2);
  for (RequestRecord& record : records) {
    record.admitted = record.issued + Duration(random.below(40'000'000));
  }
  EXPECT_EQ(reason(summarize(records), "saturated"), nullptr);
}

TEST(Validity, ABurstIsNotSaturated) {
  std::vector<RequestRecord> records;
  for (int i = 0; i < 100; ++i) {
    records.push_back(answered(static_cast<std::uint64_t>(i), 0ms, {(i + 1) * 1ms}));
    records.back().admitted = Time(i * 1ms);
  }
  EXPECT_EQ(reason(summarize(records), "saturated"), nullptr);
}

TEST(Validity, ManyRejectionsInvalidate) {
  std::vector<RequestRecord> records = regular(98, 1ms, 1ms, 1ms, 2);
  records.push_back(without_answer(98, Outcome::rejected, 98ms, 98ms));
  records.push_back(answered(99, 99ms, {100ms, 101ms}));
  EXPECT_FALSE(reason(summarize(records), "errors")->invalidates);  // 1 of 100
  records.push_back(without_answer(100, Outcome::rejected, 99ms, 99ms));
  EXPECT_FALSE(summarize(records).validity.valid);  // 2 %
}

TEST(Validity, NothingCompletedIsNotValidAndNotACrash) {
  const Summary summary = summarize({{without_answer(0, Outcome::rejected, 5ms, 5ms)}});
  EXPECT_FALSE(summary.validity.valid);
  EXPECT_NE(reason(summary, "no_completed_requests"), nullptr);
  EXPECT_EQ(distribution_of(summary, "ttft").count, 0U);
  EXPECT_TRUE(summary.windows[0].found);
  EXPECT_TRUE(std::isnan(rate(summary.windows[0], "output_throughput")));
  EXPECT_FALSE(summarize({}).validity.valid);
}

// p99 of 1000 samples with 10 above the limit lies within it, yet the truth may well be worse.
TEST(Validity, AnSloMetByAHairIsSaidToBe) {
  std::vector<RequestRecord> records = regular(1000, 1ms, 1ms, 1ms, 2);
  for (std::size_t i = 0; i < 10; ++i) {
    std::vector<Time> later = records[i * 100].token_times.to_vector();
    for (Time& time : later) time += 10ms;
    records[i * 100].token_times = TokenTimes(std::move(later));
    records[i * 100].ended += 10ms;
  }
  SummaryOptions options;
  options.slo = parse_slo("ttft_p99=5ms");
  const Summary summary = summarize(records, options);
  EXPECT_TRUE(summary.slo[0].met);
  ASSERT_NE(reason(summary, "slo_not_confident"), nullptr);
  EXPECT_NE(reason(summary, "slo_not_confident")->text.find("2,010"), std::string::npos);
}

TEST(Validity, LateHandOverIsSaid) {
  std::vector<RequestRecord> records = regular(500, 1ms, 10ms, 1ms, 2);
  for (RequestRecord& record : records) record.issued += 1ms;
  EXPECT_NE(reason(summarize(records), "schedule_lag"), nullptr);
}

}  // namespace
}  // namespace inferbench

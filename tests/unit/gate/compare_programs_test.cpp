#include "results/gate/compare_programs.hpp"

#include <gtest/gtest.h>

#include "fake_programs.hpp"
#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

std::vector<FakeSeries> three_series(double factor = 1) {
  return {{.name = "gemm", .ns = 5'000 * factor},
          {.name = "rope", .ns = 800},
          {.name = "replay", .ns = 90'000}};
}

CompareOptions generous() {
  CompareOptions options;
  options.budget = Duration(1'000'000'000'000);
  return options;
}

class ComparePrograms : public ::testing::Test {
 protected:
  GateComparison compare(std::vector<FakeSeries> a, std::vector<FakeSeries> b,
                         const CompareOptions& options = generous()) {
    FakeTime time;
    FakeProgram baseline(std::move(a), time, 1), candidate(std::move(b), time, 2);
    candidate.code = "other code";
    return compare_programs(baseline, candidate, options, time);
  }
};

// Of {9, 5, 1, 4, 2, 8}: without the first, the fastest three of five are 1, 2 and 4.
TEST(FastestHalfMean, DropsTheFirstSliceAndTheSlowerHalf) {
  EXPECT_EQ(fastest_half_mean(std::vector{9.0, 5.0, 1.0, 4.0, 2.0, 8.0}), 7.0 / 3);
  EXPECT_EQ(fastest_half_mean(std::vector{9.0, 5.0}), 5);
}

TEST_F(ComparePrograms, EqualOnesPass) {
  const GateComparison comparison = compare(three_series(), three_series());
  EXPECT_EQ(verdict(comparison), GateVerdict::pass);
  EXPECT_EQ(comparison.count(SeriesVerdict::pass), 3U);
  EXPECT_EQ(exit_code(comparison, true), ExitCode::done);
  ASSERT_TRUE(comparison.canary);
  EXPECT_EQ(comparison.canary->verdict, SeriesVerdict::pass);
  for (const SeriesResult& series : comparison.series) {
    EXPECT_NEAR(series.change->change, 0, 0.03) << series.name;
    EXPECT_TRUE(series.flags.empty());
  }
}

// Layouts differ by 2 % from launch to launch; the gemm is 6 % slower in all of them.
TEST_F(ComparePrograms, FindsTheSeriesThatGotSlower) {
  const GateComparison comparison = compare(three_series(), three_series(1.06));
  EXPECT_EQ(verdict(comparison), GateVerdict::regression);
  EXPECT_EQ(exit_code(comparison, false), ExitCode::regression);
  EXPECT_EQ(comparison.series[0].verdict, SeriesVerdict::regression);
  EXPECT_EQ(comparison.series[1].verdict, SeriesVerdict::pass);
  EXPECT_EQ(comparison.series[2].verdict, SeriesVerdict::pass);
  EXPECT_NEAR(comparison.series[0].change->change, 0.06, 0.02);
  EXPECT_TRUE(verdict_sentence(comparison).starts_with("REGRESSION: 1 of 3 series regressed"));
  EXPECT_EQ(comparison_rows(comparison).front().series, "gemm");
}

TEST_F(ComparePrograms, FindsAnImprovementWithTheSidesSwapped) {
  const GateComparison comparison = compare(three_series(1.06), three_series());
  EXPECT_EQ(verdict(comparison), GateVerdict::pass);
  EXPECT_EQ(comparison.series[0].verdict, SeriesVerdict::improvement);
}

// 0.5 ms hold 100 runs of 5 us and 5 or 6 of 90 us, by the best of three.
TEST_F(ComparePrograms, FillsSlicesWithRuns) {
  const GateComparison comparison = compare(three_series(), three_series());
  EXPECT_NEAR(static_cast<double>(comparison.series[0].runs_per_slice), 100, 15);
  EXPECT_NEAR(static_cast<double>(comparison.series[2].runs_per_slice), 5.5, 1.5);
  EXPECT_EQ(comparison.series[0].slices, 8U);
}

TEST_F(ComparePrograms, TakesFewerSlicesOfLongRuns) {
  const std::vector<FakeSeries> lengthy = {{.name = "long", .ns = 2e7}};
  const GateComparison comparison = compare(lengthy, lengthy);
  EXPECT_EQ(comparison.series[0].runs_per_slice, 1);
  EXPECT_EQ(comparison.series[0].slices, 3U);
}

// Each block takes 3 series x 17 slices of 0.5 ms, and the first look comes after ten.
TEST_F(ComparePrograms, IsInconclusiveWhenTheBudgetEndsFirst) {
  CompareOptions options;
  options.budget = Duration(50'000'000);
  const GateComparison comparison = compare(three_series(), three_series(), options);
  EXPECT_EQ(verdict(comparison), GateVerdict::inconclusive);
  EXPECT_LT(comparison.blocks, 10U);
  EXPECT_EQ(exit_code(comparison, false), ExitCode::done);
  EXPECT_EQ(exit_code(comparison, true), ExitCode::inconclusive);
}

TEST_F(ComparePrograms, ComparesExactNumbersExactly) {
  auto a = three_series(), b = three_series();
  a[2].opened.exact = {{"steps", 100}, {"modelled_ns", 1'000'000'000}};
  b[2].opened.exact = {{"steps", 99}, {"modelled_ns", 1'000'000'001}};
  const GateComparison comparison = compare(a, b);
  ASSERT_EQ(comparison.exact.size(), 2U);
  EXPECT_EQ(comparison.exact[0].name, "replay/modelled_ns");
  EXPECT_EQ(comparison.exact[0].verdict(), SeriesVerdict::regression);
  EXPECT_EQ(comparison.exact[1].verdict(), SeriesVerdict::improvement);
  EXPECT_EQ(verdict(comparison), GateVerdict::regression);
  EXPECT_EQ(comparison.series[2].flags, std::vector<std::string>{"work-differs"});
}

void expect_invalid(const GateComparison& comparison, const std::string& mention) {
  EXPECT_EQ(verdict(comparison), GateVerdict::invalid);
  EXPECT_EQ(exit_code(comparison, false), ExitCode::invalid_comparison);
  ASSERT_FALSE(comparison.invalid.empty());
  EXPECT_NE(comparison.invalid.front().find(mention), std::string::npos)
      << comparison.invalid.front();
}

TEST_F(ComparePrograms, ResultsMustBeRightAndAlike) {
  auto b = three_series();
  b[1].opened.wrong = "3 of 512 elements are off";
  expect_invalid(compare(three_series(), b), "rope: results of the candidate are wrong");
  b = three_series();
  b[0].opened.answer = {.sum = 2, .magnitude = 2, .tolerance = 1e-3};
  expect_invalid(compare(three_series(), b), "gemm: the two sides compute different results");
}

// Sums in another order: 1e-4 apart, within a thousandth of the magnitude.
TEST_F(ComparePrograms, ResultsMayBeRoundedDifferently) {
  auto a = three_series(), b = three_series();
  a[0].opened.answer = {.sum = 10, .magnitude = 500, .tolerance = 1e-3};
  b[0].opened.answer = {.sum = 10.05, .magnitude = 500.02, .tolerance = 1e-3};
  EXPECT_EQ(verdict(compare(a, b)), GateVerdict::pass);
}

TEST_F(ComparePrograms, ListsWhatOnlyOneSideHasOrCanRun) {
  auto a = three_series(), b = three_series();
  a[0].name = "gone";
  b[1].opened.skipped = "needs avx512";
  const GateComparison comparison = compare(a, b);
  ASSERT_EQ(comparison.skipped.size(), 3U);
  EXPECT_EQ(comparison.skipped[0].reason, "the candidate does not have it");
  EXPECT_EQ(comparison.skipped[1].reason, "the baseline does not have it");
  EXPECT_EQ(comparison.skipped[2].reason, "the candidate: needs avx512");
  EXPECT_EQ(comparison.series.size(), 1U);
  EXPECT_THROW(compare({{.name = "a", .ns = 1}}, {{.name = "b", .ns = 1}}), WorkerFailure);
}

TEST_F(ComparePrograms, AWorkerThatCrashesEndsTheComparison) {
  FakeTime time;
  FakeProgram baseline(three_series(), time, 1), candidate(three_series(), time, 2);
  candidate.crash_at_launch = 5;
  const GateComparison comparison = compare_programs(baseline, candidate, generous(), time);
  expect_invalid(comparison, "was ended by signal 11");
  EXPECT_TRUE(comparison.invalid.front().starts_with("candidate, "));
  EXPECT_EQ(comparison.blocks, 3U);  // its first launch was the meeting
  EXPECT_EQ(comparison.series.size(), 3U);
}

TEST_F(ComparePrograms, DifferentBuildsAreNotCompared) {
  FakeTime time;
  FakeProgram baseline(three_series(), time, 1), candidate(three_series(), time, 2);
  candidate.code = "other code";
  candidate.hello.build_type = "Debug";
  candidate.hello.compiler = "Clang 14";
  const GateComparison comparison = compare_programs(baseline, candidate, generous(), time);
  expect_invalid(comparison, "the baseline is a Release build, the candidate a Debug one");
  EXPECT_EQ(comparison.blocks, 0U);
  EXPECT_EQ(comparison.notes.size(), 1U);
}

// A process that has opened one series only is slower: at the canary's turn, the last of a block,
// that is the baseline's second copy alone.
TEST_F(ComparePrograms, ACanaryThatChangesInvalidatesEverything) {
  FakeTime time;
  FakeProgram baseline(three_series(), time, 1), candidate(three_series(), time, 2);
  baseline.factor = candidate.factor = [](int opened) { return opened == 1 ? 1.2 : 1.0; };
  baseline.slice_noise = candidate.slice_noise = 0.2;  // nothing is decided before the canary is
  candidate.code = "other code";
  const GateComparison comparison = compare_programs(baseline, candidate, generous(), time);
  expect_invalid(comparison, "the canary");
}

TEST_F(ComparePrograms, EqualCodeCannotHaveGotSlower) {
  FakeTime time;
  FakeProgram baseline(three_series(), time, 1), candidate(three_series(1.1), time, 2);
  GateComparison comparison = compare_programs(baseline, candidate, generous(), time);
  EXPECT_EQ(verdict(comparison), GateVerdict::inconclusive);
  EXPECT_EQ(comparison.series[0].flags, std::vector<std::string>{"same-code"});

  CompareOptions options = generous();
  options.trust_same_code = false;
  comparison = compare_programs(baseline, candidate, options, time);
  EXPECT_EQ(verdict(comparison), GateVerdict::regression);
}

TEST_F(ComparePrograms, EqualSeedsGiveEqualDocuments) {
  const auto document = [&](std::uint64_t seed) {
    CompareOptions options = generous();
    options.seed = seed;
    GateComparison comparison = compare(three_series(), three_series(1.03), options);
    EXPECT_FALSE(comparison.started_utc.empty());
    comparison.noise = {}, comparison.host = {}, comparison.started_utc = "";  // of this machine
    return comparison_json(comparison);
  };
  EXPECT_EQ(document(5), document(5));
  EXPECT_NE(document(5), document(6));
}

}  // namespace
}  // namespace inferbench

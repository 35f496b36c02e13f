#include "results/compare/stored_comparison.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "results/validate.hpp"

namespace inferbench {
namespace {

StoredRun modelled() {
  StoredRun run{.place = "m.json", .format = "inferbench replay", .exact = true};
  run.metrics = {{"ttft mean", {.unit = "ms", .better = Better::lower, .value = 100}},
                 {"rate", {.unit = "tokens/s", .better = Better::higher, .value = 50}},
                 {"gpus", {.unit = "GPUs", .better = Better::neither, .value = 4}}};
  run.configuration = {{"deployment/gpu", "h100"}};
  run.environment = {{"host/cpu", "one"}, {"build/git_commit", "abc"}};
  return run;
}

StoredRun measured(double value, double half_width) {
  StoredRun run{.place = "k.json", .format = "inferbench kernels"};
  run.metrics = {{"gemm",
                  {.unit = "ns",
                   .better = Better::lower,
                   .value = value,
                   .interval = Interval{value - half_width, value + half_width, 0.95}}}};
  run.environment = {{"host/cpu", "one"}, {"build/compiler", "GNU 12"}};
  return run;
}

// TTFT 1 ns longer is a regression, a rate 10 higher an improvement; the number of GPUs has no
// direction.
TEST(StoredComparison, ModelledNumbersAreComparedExactly) {
  StoredRun later = modelled();
  later.metrics.at("ttft mean").value = 100.000001;
  later.metrics.at("rate").value = 60;
  later.environment = {{"host/cpu", "another"}, {"build/git_commit", "def"}};
  const StoredComparison comparison = compare_stored(modelled(), later, 0.01);
  ASSERT_EQ(comparison.changes.size(), 2U);
  EXPECT_EQ(comparison.changes[0].verdict, SeriesVerdict::improvement);
  EXPECT_EQ(comparison.changes[1].verdict, SeriesVerdict::regression);
  EXPECT_EQ(exit_code(comparison, false), ExitCode::regression);
  EXPECT_EQ(verdict_sentence(comparison),
            "REGRESSION: 1 of 2 modelled numbers are worse, 1 better, 0 equal; no noise in them");
  ASSERT_EQ(comparison.environment.size(), 2U);
  EXPECT_TRUE(comparison.identical.empty());
  EXPECT_EQ(comparison.environment[0].grade, EnvironmentGrade::informational);
}

// Equal keys are identical, told with --all; load at that moment is no difference at all.
TEST(StoredComparison, GradesEveryKeyOfTheEnvironment) {
  StoredRun before = measured(100, 2), after = measured(100, 2);
  after.environment = {{"host/cpu", "two"}, {"build/compiler", "GNU 13"}, {"host/smt", "on"}};
  before.environment["host/smt"] = "on";
  before.environment["host/state/steal_ticks"] = "12";
  const StoredComparison comparison = compare_stored(before, after, 0.01);
  ASSERT_EQ(comparison.environment.size(), 2U);
  EXPECT_EQ(comparison.environment[0].key, "host/cpu");
  EXPECT_EQ(name(comparison.environment[0].grade), "incomparable");
  EXPECT_EQ(name(comparison.environment[1].grade), "informational");
  ASSERT_EQ(comparison.identical.size(), 1U);
  EXPECT_EQ(name(comparison.identical[0].grade), "identical");
  EXPECT_EQ(stored_comparison_text(comparison, false).find("identical"), std::string::npos);
  EXPECT_NE(stored_comparison_text(comparison, true).find("identical"), std::string::npos);
}

TEST(StoredComparison, EqualModelledRunsPass) {
  const StoredComparison comparison = compare_stored(modelled(), modelled(), 0.01);
  EXPECT_EQ(verdict(comparison), GateVerdict::pass);
  EXPECT_TRUE(comparison.environment.empty());
}

// Twice as slow with intervals far apart: still only a suspicion, and the mirror image of it.
TEST(StoredComparison, MeasuredNumbersAreNeverCertain) {
  const StoredComparison comparison = compare_stored(measured(100, 2), measured(200, 2), 0.01);
  EXPECT_EQ(verdict(comparison), GateVerdict::inconclusive);
  EXPECT_EQ(comparison.changes[0].suspicion, "slower");
  EXPECT_EQ(comparison.changes[0].change, 1.0);
  EXPECT_EQ(exit_code(comparison, false), ExitCode::done);
  EXPECT_EQ(exit_code(comparison, true), ExitCode::inconclusive);
  const std::string text = stored_comparison_text(comparison, false);
  EXPECT_TRUE(text.starts_with("INCONCLUSIVE: ")) << text;
  EXPECT_NE(text.find("inferbench compare --baseline"), std::string::npos);
  EXPECT_EQ(compare_stored(measured(200, 2), measured(100, 2), 0.01).changes[0].suspicion,
            "faster");
}

// Overlapping intervals, and a change within the margin, raise no suspicion.
TEST(StoredComparison, SuspectsOnlyWhatLiesApart) {
  EXPECT_EQ(compare_stored(measured(100, 8), measured(110, 8), 0.01).changes[0].suspicion, "");
  EXPECT_EQ(compare_stored(measured(100, 0.1), measured(100.9, 0.1), 0.01).changes[0].suspicion,
            "");
}

void expect_invalid(const StoredRun& a, const StoredRun& b, const std::string& reason) {
  const StoredComparison comparison = compare_stored(a, b, 0.01);
  EXPECT_EQ(exit_code(comparison, false), ExitCode::invalid_comparison);
  ASSERT_FALSE(comparison.invalid.empty()) << reason;
  EXPECT_NE(comparison.invalid.front().find(reason), std::string::npos)
      << comparison.invalid.front();
}

TEST(StoredComparison, RefusesToCompareDifferentThings) {
  expect_invalid(modelled(), measured(1, 1), "the other of inferbench kernels");
  StoredRun other = modelled();
  other.exact = false;
  expect_invalid(modelled(), other, "one was modelled, the other measured");
  other = modelled();
  other.configuration["deployment/gpu"] = "h200";
  expect_invalid(modelled(), other, "configurations differ in deployment/gpu: h100 and h200");
  other = modelled();
  other.metrics.at("rate").unit = "requests/s";
  expect_invalid(modelled(), other, "rate is in tokens/s and in requests/s");
  other = modelled();
  other.metrics.at("rate").better = Better::lower;
  expect_invalid(modelled(), other, "another direction");
  other = measured(1, 1);
  other.environment["host/cpu"] = "two";
  expect_invalid(measured(1, 1), other, "host/cpu differs: one and two");
  other = measured(1, 1);
  other.metrics = {{"rope", {.unit = "ns", .better = Better::lower, .value = 1}}};
  expect_invalid(measured(1, 1), other, "no series in common");
}

TEST(StoredComparison, ListsWhatOneSideLacks) {
  StoredRun other = modelled();
  other.metrics.erase("rate");
  other.absent["rate"] = "no steady stretch";
  const StoredComparison comparison = compare_stored(modelled(), other, 0.01);
  ASSERT_EQ(comparison.skipped.size(), 1U);
  EXPECT_EQ(comparison.skipped[0].reason, "the candidate does not have it: no steady stretch");
}

TEST(StoredComparison, WritesItsDocument) {
  const auto json = nlohmann::json::parse(
      stored_comparison_json(compare_stored(measured(100, 2), measured(200, 2), 0.01)));
  EXPECT_EQ(json["verdict"], "inconclusive");
  EXPECT_EQ(json["series"][0]["suspect"], "slower");
  EXPECT_EQ(json["exact"], false);
}

TEST(StoredComparison, ItsDocumentKeepsItsSchema) {
  StoredRun worse = modelled();
  worse.metrics.at("rate").value = 40;
  worse.metrics.erase("ttft mean");
  worse.environment["host/cpu"] = "another";
  for (const auto& [a, b] :
       {std::pair(modelled(), modelled()), std::pair(modelled(), worse),
        std::pair(measured(100, 2), measured(200, 2)), std::pair(modelled(), measured(1, 1))}) {
    const std::string text = stored_comparison_json(compare_stored(a, b, 0.01));
    EXPECT_TRUE(is_comparison(text));
    for (const Violation& violation : validate_comparison(text)) {
      ADD_FAILURE() << violation.pointer << ": " << violation.problem;
    }
  }
  auto json =
      nlohmann::json::parse(stored_comparison_json(compare_stored(modelled(), worse, 0.01)));
  json["verdict"] = "pass";
  json["series"][0]["verdict"] = "worse";
  const auto violations = validate_comparison(json.dump());
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].pointer, "/series/0/verdict");
}

}  // namespace
}  // namespace inferbench

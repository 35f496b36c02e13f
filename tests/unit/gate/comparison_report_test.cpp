#include "results/gate/report/comparison_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "results/validate.hpp"

namespace inferbench {
namespace {

SeriesResult series_of(const std::string& name, SeriesVerdict verdict, double change) {
  SeriesResult series{.name = name, .verdict = verdict};
  for (int block = 0; block < 18; ++block) series.blocks.push_back({1000, 1000 * (1 + change), 0});
  series.change = {
      .change = change, .blocks = 18, .interval = Interval{change - 0.01, change + 0.01, 0.95}};
  return series;
}

// One of each verdict, and an exact number that grew.
GateComparison sample() {
  GateComparison comparison;
  comparison.suite = "smoke";
  comparison.clock = "wall";
  comparison.seed = 7;
  comparison.blocks = 18;
  comparison.noise.elapsed = Duration(9'800'000'000);
  comparison.series = {series_of("kernel/a", SeriesVerdict::pass, 0.001),
                       series_of("kernel/b", SeriesVerdict::regression, 0.074),
                       series_of("kernel/c|x", SeriesVerdict::inconclusive, 0.03),
                       series_of("kernel/d", SeriesVerdict::improvement, -0.2)};
  comparison.exact = {{"replay/r/steps", 100, 101}};
  comparison.skipped = {{"kernel/e", "the candidate: needs <avx512>"}};
  return comparison;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Regressions, of which exact ones have no noise to hide in, then what is open, then the rest.
TEST(ComparisonReport, SortsBySeverityAndSize) {
  std::vector<std::string> names;
  for (const ComparisonRow& row : comparison_rows(sample())) names.push_back(row.series);
  EXPECT_EQ(names, (std::vector<std::string>{"kernel/b", "replay/r/steps", "kernel/c|x", "kernel/d",
                                             "kernel/a"}));
}

TEST(ComparisonReport, SaysTheVerdictFirst) {
  const std::string sentence =
      "REGRESSION: 2 of 5 series regressed (worst: replay/r/steps 100 -> 101), 1 inconclusive, 1 "
      "improved, 1 unchanged; false-alarm bound 1.00 %; 9.80 s";
  EXPECT_EQ(verdict_sentence(sample()), sentence);
  EXPECT_TRUE(comparison_text(sample(), false).starts_with(sentence + "\n"));
  EXPECT_TRUE(holds(comparison_markdown(sample()), "**" + sentence + "**"));
  GateComparison invalid = sample();
  invalid.invalid = {"the canary changed"};
  EXPECT_EQ(verdict_sentence(invalid), "INVALID: the canary changed");
}

TEST(ComparisonReport, TheConsoleHidesWhatIsUnchanged) {
  const std::string few = comparison_text(sample(), false), all = comparison_text(sample(), true);
  EXPECT_FALSE(holds(few, "kernel/a"));
  EXPECT_TRUE(holds(few, "1 unchanged series not shown"));
  EXPECT_TRUE(holds(all, "= pass"));
  EXPECT_TRUE(holds(few, "+7.4 %  +6.4 to +8.4 %"));
  EXPECT_FALSE(holds(all, "\033"));
}

TEST(ComparisonReport, MarkdownFoldsAndEscapes) {
  const std::string text = comparison_markdown(sample());
  EXPECT_TRUE(text.starts_with(kCommentMarker));
  EXPECT_TRUE(holds(text, "<details><summary>1 inconclusive</summary>"));
  EXPECT_TRUE(holds(text, "kernel/c\\|x"));
  EXPECT_TRUE(holds(text, "needs &lt;avx512>"));
}

// 3,000 regressions of 60 bytes and more would not fit a comment; a summary takes them.
TEST(ComparisonReport, MarkdownKeepsTheLimitsOfForges) {
  GateComparison comparison = sample();
  for (int i = 0; i < 3000; ++i) {
    comparison.series.push_back(series_of("kernel/long_name_of_a_series/" + std::to_string(i),
                                          SeriesVerdict::regression, 0.05));
  }
  const std::string comment = comparison_markdown(comparison);
  EXPECT_LT(comment.size(), 65'536U);
  EXPECT_TRUE(holds(comment, "2982 more not shown."));
  EXPECT_GT(comparison_markdown(comparison, kSummaryLimits).size(), 200'000U);
  const std::string cut = comparison_markdown(comparison, {.rows = 3000, .bytes = 10'000});
  EXPECT_LE(cut.size(), 10'000U);
  EXPECT_TRUE(holds(cut, "The rest does not fit here"));
}

TEST(ComparisonReport, CsvHasALinePerSeries) {
  const std::string csv = comparison_csv(sample());
  EXPECT_TRUE(holds(csv, "kernel/b,regression,timed,1000,1074,ns,0.074,0.064,0.084,18,"));
  EXPECT_TRUE(holds(csv, "replay/r/steps,regression,exact,100,101,"));
}

// Five series, one skipped: two failures, two skipped, messages in the body too.
TEST(ComparisonReport, JUnitCountsAndRepeatsMessages) {
  const std::string xml = comparison_junit(sample());
  EXPECT_TRUE(holds(xml, "tests=\"6\" failures=\"2\" errors=\"0\" skipped=\"2\" time=\"9.800\""));
  EXPECT_TRUE(holds(xml, "<failure message=\"regression: kernel/b: 1.00 us -&gt; 1.07 us"));
  EXPECT_TRUE(holds(xml, "\">regression: kernel/b: 1.00 us -&gt;"));
  EXPECT_TRUE(holds(xml, "the candidate: needs &lt;avx512&gt;"));
  GateComparison invalid = sample();
  invalid.invalid = {"candidate: crashed \033[31m"};
  EXPECT_TRUE(holds(comparison_junit(invalid), "<error message=\"candidate: crashed ?[31m\""));
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(ComparisonReport, AnnotationsStayWithinTen) {
  GateComparison comparison = sample();
  EXPECT_EQ(lines(comparison_annotations(comparison)), 3U);
  EXPECT_TRUE(comparison_annotations(comparison).starts_with("::error title=inferbench::REGRESS"));
  EXPECT_TRUE(holds(comparison_annotations(comparison), "+7.4 %25"));
  for (int i = 0; i < 50; ++i) {
    comparison.series.push_back(series_of("s", SeriesVerdict::regression, 0.05));
  }
  const std::string many = comparison_annotations(comparison);
  EXPECT_EQ(lines(many), 10U);
  EXPECT_TRUE(holds(many, "44 more are in the summary"));
  comparison.invalid = {"a\nb"};
  EXPECT_EQ(comparison_annotations(comparison), "::error title=inferbench::INVALID: a%0Ab\n");
  EXPECT_TRUE(comparison_annotations({}).starts_with("::notice"));
}

TEST(ComparisonReport, TheDocumentHoldsEveryBlock) {
  const auto document = nlohmann::json::parse(comparison_json(sample()));
  EXPECT_EQ(document["verdict"], "regression");
  EXPECT_EQ(document["series"][1]["blocks"]["candidate_ns"].size(), 18U);
  EXPECT_EQ(document["exact"][0]["candidate"], 101);
  EXPECT_EQ(document["method"]["seed"], 7);
}

// Within 1 % of 1,000 on either side, both ends included.
TEST(ComparisonReport, AnExactNumberMayHaveATolerance) {
  const auto verdict = [](std::int64_t candidate, double tolerance) {
    return ExactResult{"instructions", 1000, candidate, tolerance}.verdict();
  };
  EXPECT_EQ(verdict(1010, 0.01), SeriesVerdict::pass);
  EXPECT_EQ(verdict(990, 0.01), SeriesVerdict::pass);
  EXPECT_EQ(verdict(1011, 0.01), SeriesVerdict::regression);
  EXPECT_EQ(verdict(989, 0.01), SeriesVerdict::improvement);
  EXPECT_EQ(verdict(1001, 0), SeriesVerdict::regression);
  GateComparison comparison = sample();
  comparison.exact = {{"instructions", 1000, 1010, 0.01}};
  const auto document = nlohmann::json::parse(comparison_json(comparison));
  EXPECT_EQ(document["exact"][0]["tolerance"], 0.01);
  EXPECT_TRUE(validate_comparison(document.dump()).empty());
}

std::string wrong_with(const nlohmann::json& document) {
  std::string pointers;
  for (const Violation& violation : validate_comparison(document.dump())) {
    pointers += violation.pointer + " ";
  }
  return pointers;
}

// An interval without an end keeps the schema too: the end is absent with its reason.
TEST(ComparisonReport, TheDocumentKeepsItsSchema) {
  GateComparison comparison = sample();
  comparison.canary = comparison.series[0];
  comparison.series[2].change->gate_interval =
      Interval{-0.1, std::numeric_limits<double>::infinity(), 0.999};
  comparison.series[1].looks = {{10, 0.5, 0.5, 0.5, 0.5}, {18, 0.001, 0.9, 1, 0.2}};
  const auto document = nlohmann::json::parse(comparison_json(comparison));
  EXPECT_EQ(wrong_with(document), "");
  EXPECT_EQ(wrong_with(nlohmann::json::parse(comparison_json({}))), "/method/clock /suite ");
  comparison.invalid = {"the canary changed"};
  EXPECT_EQ(wrong_with(nlohmann::json::parse(comparison_json(comparison))), "");
}

TEST(ComparisonReport, ADamagedDocumentIsToldByItsPlace) {
  const auto good = nlohmann::json::parse(comparison_json(sample()));
  auto document = good;
  document["verdict"] = "pass";
  EXPECT_EQ(wrong_with(document), "/verdict ");
  document = good;
  document["exact"][0]["candidate"] = 100;
  EXPECT_EQ(wrong_with(document), "/exact/0/verdict ");
  document = good;
  document["series"][0]["blocks"]["baseline_ns"].erase(0);
  EXPECT_EQ(wrong_with(document), "/series/0/blocks ");
  document = good;
  document["series"][0]["looks"] = {
      {{"blocks", 24}, {"p_slower", 1}, {"p_not_slower", 1}, {"p_faster", 1}, {"p_not_faster", 1}}};
  EXPECT_EQ(wrong_with(document), "/series/0/looks ");
  document = good;
  document["method"].erase("alpha_per_suite");
  document["series"][3]["verdict"] = "faster";
  EXPECT_EQ(wrong_with(document), "/method /series/3/verdict ");
  document = good;
  document["version"] = "2.0.0";
  EXPECT_EQ(wrong_with(document), "/version ");
}

}  // namespace
}  // namespace inferbench

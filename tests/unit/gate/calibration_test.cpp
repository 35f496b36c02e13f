#include "results/gate/calibration.hpp"

#include <gtest/gtest.h>

#include "fake_programs.hpp"
#include "harness/base/error.hpp"

namespace inferbench {
namespace {

GateCalibration empty_calibration() {
  GateCalibration calibration;
  calibration.suite = "fake";
  calibration.clock = "wall";
  calibration.cpu = "some cpu";
  calibration.series = 2;
  for (const double slowdown : {0.0, 0.05, 0.1})
    calibration.cells.push_back({.slowdown = slowdown});
  return calibration;
}

GateComparison of_verdicts(const std::vector<SeriesVerdict>& verdicts) {
  GateComparison comparison;
  comparison.noise.elapsed = Duration(2'500'000'000);
  for (const SeriesVerdict verdict : verdicts) {
    comparison.series.push_back({.name = "s", .verdict = verdict, .flags = {}});
    comparison.series.back().blocks.resize(10);
  }
  return comparison;
}

// Two comparisons of two series, and one that does not count: 4 trials, 40 blocks, 1 alarm.
TEST(GateCalibration, CountsSeriesAndSuites) {
  CalibrationCell cell;
  add_comparison(cell, of_verdicts({SeriesVerdict::pass, SeriesVerdict::pass}));
  add_comparison(cell, of_verdicts({SeriesVerdict::regression, SeriesVerdict::inconclusive}));
  GateComparison invalid = of_verdicts({SeriesVerdict::regression, SeriesVerdict::regression});
  invalid.invalid = {"the canary changed"};
  add_comparison(cell, invalid);
  EXPECT_EQ(cell.comparisons, 3);
  EXPECT_EQ(cell.invalid, 1);
  EXPECT_EQ(cell.alarmed, 1);
  EXPECT_EQ(cell.series, 4);
  EXPECT_EQ(cell.slower, 1);
  EXPECT_EQ(cell.passed, 2);
  EXPECT_EQ(cell.open, 1);
  EXPECT_EQ(cell.blocks, 40);
  EXPECT_DOUBLE_EQ(cell.elapsed_s, 7.5);
}

// Eight comparisons of unchanged programs for one of each slowdown.
TEST(GateCalibration, TriesUnchangedProgramsEightTimesAsOften) {
  GateCalibration calibration = empty_calibration();
  for (int trial = 0; trial < 100; ++trial) ++next_cell(calibration).comparisons;
  EXPECT_EQ(calibration.cells[0].comparisons, 80);
  EXPECT_EQ(calibration.cells[1].comparisons, 10);
  EXPECT_EQ(calibration.cells[2].comparisons, 10);
}

// A candidate a tenth slower, noise of a hundredth: all nine repetitions lie above, p = 2 / 48,620.
TEST(GateCalibration, AddsTheUnpairedRecipe) {
  FakeTime time;
  FakeProgram baseline({{.name = "a", .ns = 1000}}, time, 1);
  FakeProgram candidate({{.name = "a", .ns = 1200}}, time, 2);
  GateComparison comparison;
  comparison.series.push_back({.name = "a", .flags = {}, .runs_per_slice = 500});
  CalibrationCell cell;
  add_unpaired(cell, baseline, candidate, comparison, 8);
  EXPECT_EQ(cell.unpaired_series, 1);
  EXPECT_EQ(cell.unpaired_slower, 1);
  EXPECT_EQ(cell.unpaired_alarmed, 1);
}

TEST(GateCalibration, FilesAreReadBackAsTheyWere) {
  GateCalibration calibration = empty_calibration();
  add_comparison(calibration.cells[1],
                 of_verdicts({SeriesVerdict::regression, SeriesVerdict::pass}));
  const std::string text = calibration_json(calibration);
  const GateCalibration read = parse_calibration(text, "x.json");
  EXPECT_EQ(calibration_json(read), text);
  check_same_calibration(read, calibration, "x.json");
}

std::string refusal_of(const std::string& text) {
  try {
    parse_calibration(text, "x.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.place(), "x.json");
    return error.problem();
  }
  return "";
}

TEST(GateCalibration, RefusesFilesThatCannotBe) {
  const std::string good = calibration_json(empty_calibration());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return refusal_of(text);
  };
  EXPECT_NE(refusal_of("{"), "");
  EXPECT_NE(refusal_of("{}"), "");
  EXPECT_NE(refusal_of(good.substr(0, good.size() / 2)), "");
  EXPECT_EQ(with("\"1.0.0\"", "\"2.0.0\""), "version 2.0.0");
  EXPECT_NE(with("\"slower\": 0", "\"slower\": 3"), "");
  EXPECT_NE(with("\"slower\": 0", "\"slower\": -1"), "");
  EXPECT_NE(with("\"passed\"", "\"past\""), "");
}

TEST(GateCalibration, OneFileIsOfOneRuleSuiteAndMachine) {
  const GateCalibration file = empty_calibration();
  const auto refused = [&](const auto& change) {
    GateCalibration here = empty_calibration();
    change(here);
    EXPECT_THROW(check_same_calibration(file, here, "x.json"), Error);
  };
  refused([](GateCalibration& here) { here.rule.alpha = 0.02; });
  refused([](GateCalibration& here) { here.suite = "smoke"; });
  refused([](GateCalibration& here) { here.cpu = "another"; });
  refused([](GateCalibration& here) { here.clock = "cpu"; });
}

// 0 of 300 comparisons: at most 0.99 % on one side.
TEST(GateCalibration, ReportsBounds) {
  GateCalibration calibration = empty_calibration();
  calibration.cells[0].comparisons = 300;
  calibration.cells[1] = {.slowdown = 0.05, .comparisons = 150, .series = 300, .slower = 300};
  const std::string text = calibration_text(calibration);
  EXPECT_NE(text.find("False alarms: 0 of 300 comparisons of unchanged programs; at most 0.99 %"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("+5.00 %: 300 of 300 series called regressions; at least 99.01 %"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace inferbench

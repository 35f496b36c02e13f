#include "results/store/screen.hpp"

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "results/store/history_report.hpp"

namespace inferbench {
namespace {

// One series over nights, one number each.
History nights(const std::vector<double>& ratios, bool exact = false) {
  History history;
  SeriesHistory series{
      .series = {.suite = "smoke", .name = "kernel/gemm", .unit = "ns", .exact = exact},
      .key = "k",
      .points = {}};
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const std::string day = (i < 9 ? "0" : "") + std::to_string(i + 1);
    history.runs.push_back({.id = "r" + day,
                            .time_utc = "2026-01-" + day + "T00:00:00.000Z",
                            .suite = "smoke",
                            .kind = "comparison",
                            .commit = "commit" + day + "0123456789",
                            .anchor = "a",
                            .hardware = "one"});
    HistoryPoint point{.run = i, .value = 1000 * ratios[i]};
    if (!exact) point.ratio = ratios[i];
    series.points.push_back(point);
  }
  history.series.push_back(series);
  return history;
}

// Ten nights around 1, then ten around 1.05.
std::vector<double> step_up() {
  std::vector<double> ratios;
  for (int i = 0; i < 20; ++i) ratios.push_back((i < 10 ? 1.0 : 1.05) + (i % 3 - 1) * 0.002);
  return ratios;
}

TEST(Screen, FindsAStepAndSaysHowToConfirmIt) {
  const History history = nights(step_up());
  const HistoryScreen screen = screen_history(history);
  ASSERT_EQ(screen.suspicions.size(), 1U);
  const Suspicion& one = screen.suspicions[0];
  EXPECT_EQ(one.before, 9U);
  EXPECT_EQ(one.at, 10U);
  EXPECT_NEAR(one.change, 0.05, 0.002);
  EXPECT_TRUE(one.worse);
  EXPECT_EQ(one.basis, ScreenBasis::ratio);
  ASSERT_EQ(screen.levels[0].size(), 2U);
  EXPECT_NEAR(screen.levels[0][0].level, 1.0, 0.002);
  EXPECT_NEAR(screen.levels[0][1].level, 1.05, 0.002);
  EXPECT_EQ(confirm_command(history, {&one}, "store", "builds/{commit}/inferbench"),
            "inferbench compare --baseline builds/commit100123/inferbench --candidate "
            "builds/commit110123/inferbench --suite smoke --only kernel/gemm");
}

TEST(Screen, StepsBelowTheMarginAreLeftOut) {
  std::vector<double> ratios = step_up();
  for (std::size_t i = 10; i < ratios.size(); ++i) ratios[i] -= 0.044;  // 0.6 % slower
  EXPECT_TRUE(screen_history(nights(ratios)).suspicions.empty());
  ScreenRule rule;
  rule.least_change = 0;
  EXPECT_EQ(screen_history(nights(ratios), rule).suspicions.size(), 1U);
}

// What was known before a new machine, or is measured against another anchor, is another level.
TEST(Screen, NeverComparesAcrossEnvironmentsOrAnchors) {
  History moved = nights(step_up());
  moved.notes.push_back(
      {.kind = NoteKind::environment, .time_utc = "2026-01-11T00:00:00.000Z", .text = "kernel 6"});
  EXPECT_TRUE(screen_history(moved).suspicions.empty());
  moved.notes[0].series = "other/*";
  EXPECT_EQ(screen_history(moved).suspicions.size(), 1U);

  History anchored = nights(step_up());
  for (std::size_t i = 10; i < 20; ++i) anchored.runs[i].anchor = "b";
  EXPECT_TRUE(screen_history(anchored).suspicions.empty());

  History times = nights(step_up());
  for (HistoryPoint& point : times.series[0].points) point.ratio.reset();
  EXPECT_EQ(screen_history(times).suspicions.size(), 1U);
  for (std::size_t i = 10; i < 20; ++i) times.runs[i].hardware = "two";
  EXPECT_TRUE(screen_history(times).suspicions.empty());
}

// Ratios do not mind another machine.
TEST(Screen, RatiosAreFollowedOverMachines) {
  History history = nights(step_up());
  for (std::size_t i = 5; i < 20; i += 2) history.runs[i].hardware = "two";
  EXPECT_EQ(screen_history(history).suspicions.size(), 1U);
}

TEST(Screen, RunsThatDoNotCountArePassedOver) {
  History history = nights(step_up());
  for (std::size_t i = 10; i < 20; ++i) history.runs[i].invalid = "the canary changed";
  EXPECT_TRUE(screen_history(history).suspicions.empty());
}

// 7, 7, 8, 8, 7: two changes without any statistics.
TEST(Screen, ExactNumbersChangeWhenTheyChange) {
  const HistoryScreen screen = screen_history(nights({7, 7, 8, 8, 7}, true));
  ASSERT_EQ(screen.suspicions.size(), 2U);
  EXPECT_EQ(screen.suspicions[0].at, 4U);  // latest first
  EXPECT_FALSE(screen.suspicions[0].worse);
  EXPECT_EQ(screen.suspicions[1].at, 2U);
  EXPECT_NEAR(screen.suspicions[1].change, 1.0 / 7, 1e-12);
  EXPECT_FALSE(screen.suspicions[1].p);
}

// A note two runs beside the step speaks of it, one ten runs away does not.
TEST(Screen, NotesSpeakOfStepsNearThem) {
  History history = nights(step_up());
  history.notes.push_back({.kind = NoteKind::expected,
                           .time_utc = "2026-01-13T00:00:00.000Z",
                           .run = "r13",
                           .text = "new format"});
  HistoryScreen screen = screen_history(history);
  ASSERT_EQ(screen.suspicions.size(), 1U);
  EXPECT_FALSE(screen.suspicions[0].open());
  EXPECT_EQ(state_of(screen.suspicions[0], history), "expected");
  EXPECT_EQ(screen_text(history, screen, {}).find("confirm"), std::string::npos);
  history.notes[0].run = "r20";
  EXPECT_TRUE(screen_history(history).suspicions[0].open());
}

TEST(Screen, OldStepsAreAskedForOnly) {
  std::vector<double> ratios = step_up();
  ScreenRule rule;
  rule.recent = 5;
  EXPECT_TRUE(screen_history(nights(ratios), rule).suspicions.empty());
  EXPECT_EQ(screen_history(nights(ratios), rule).levels[0].size(), 2U);
  rule.recent = 0;
  EXPECT_EQ(screen_history(nights(ratios), rule).suspicions.size(), 1U);
}

// Higher is better: less is worse.
TEST(Screen, KnowsDirections) {
  History history = nights(step_up());
  history.series[0].series.better = Better::higher;
  EXPECT_FALSE(screen_history(history).suspicions[0].worse);
}

// Unchanged series of a year with Gaussian noise of 0.7 %: fewer than one false alarm in 100
// nights of ten series together.
TEST(Screen, IsQuietOnUnchangedSeries) {
  RandomStream random = Random(11).stream("unchanged");
  std::size_t alarms = 0;
  for (int series = 0; series < 10; ++series) {
    std::vector<double> ratios;
    for (int night = 0; night < 365; ++night) {
      double sum = 0;
      for (int i = 0; i < 12; ++i) sum += random.uniform();
      ratios.push_back(1 + 0.007 * (sum - 6));
    }
    History history = nights(ratios);
    ScreenRule rule;
    rule.recent = 0;
    alarms += screen_history(history, rule).suspicions.size();
  }
  EXPECT_LE(alarms, 3U);
}

}  // namespace
}  // namespace inferbench

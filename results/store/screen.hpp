#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/stats/change_points.hpp"
#include "results/store/history.hpp"

namespace inferbench {

struct ScreenRule {
  ChangePointRule steps{};
  double least_change = 0.01;  // the gate's margin: what is smaller it would not call a regression
  std::size_t recent = 30;     // steps among so many last runs of a series; 0: all
};

// What the levels of a series are of.
enum class ScreenBasis {
  ratio,  // to an anchor measured in the same run: runners may change
  time,   // the number itself, within one hardware
  exact,  // the number itself, which has no noise: every change counts
};

// A stretch of runs on one level.
struct HistoryLevel {
  std::size_t from = 0, to = 0;  // runs
  ScreenBasis basis = ScreenBasis::time;
  double level = 0;  // median, a ratio or in the series' unit
};

// A run from which on a series has another level. Not yet a regression: to be confirmed.
struct Suspicion {
  std::size_t series = 0;          // index into History::series
  std::size_t before = 0, at = 0;  // runs: the last of the old level, the first of the new one
  double change = 0;               // relative: 0.05 is 5 % more
  bool worse = false;              // in the series' direction
  ScreenBasis basis = ScreenBasis::time;
  std::optional<double> p{};          // absent: exact
  std::optional<std::size_t> note{};  // index into History::notes of what a person said of it

  bool open() const { return !note; }
};

struct HistoryScreen {
  std::vector<Suspicion> suspicions{};              // latest first, then by series
  std::vector<std::vector<HistoryLevel>> levels{};  // of each series, by their first run
};

// Looks for steps (find_change_points) in the logarithms of each series' ratios to one anchor or,
// where it has none, of its numbers on one hardware. Numbers without noise are compared run by run.
// Levels on either side of a note on the environment are never compared; runs that do not count are
// passed over. A note on a run speaks for steps at most three runs of the series away from it,
// because where a step lies becomes clearer as runs are added.
HistoryScreen screen_history(const History& history, const ScreenRule& rule = {});

std::string_view name(ScreenBasis basis);

// "open", or the note's kind.
std::string_view state_of(const Suspicion& suspicion, const History& history);

// Where the programs of commits are: {commit} is replaced by its first 12 digits.
inline constexpr const char* kProgramPattern = "build-{commit}/inferbench";

// The command that confirms or refutes suspicions that share their run, suite and basis: the two
// programs in turns where a suite can be run again, else the two documents side by side.
std::string confirm_command(const History& history, const std::vector<const Suspicion*>& together,
                            const std::string& store, const std::string& programs);

}  // namespace inferbench

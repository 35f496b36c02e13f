#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "harness/stats/bootstrap.hpp"
#include "results/gate/gate_rule.hpp"

namespace inferbench {

// The verdict on one series of a comparison.
enum class SeriesVerdict {
  regression,    // slower by more than the margin
  pass,          // a slowdown of the target's size is excluded
  improvement,   // faster by more than the margin
  inconclusive,  // neither could be shown with the blocks there were
};
std::string_view name(SeriesVerdict verdict);

// What one look showed: each p is the probability of blocks that speak so clearly for it if it were
// not so.
struct GateLookResult {
  std::size_t blocks = 0;
  double p_slower = 1, p_faster = 1;          // by more than the margin
  double p_not_slower = 1, p_not_faster = 1;  // by as much as the target
};

// By how much the candidate is slower, as a part of the baseline's time: 0.05 is 5 % slower.
struct ChangeEstimate {
  double change = 0;                   // exp(Hodges-Lehmann of the log ratios) - 1
  std::size_t blocks = 0;              // that it is of: those of the last look
  std::optional<Interval> interval{};  // at 95 %, over all looks together; absent: too few
  std::optional<Interval>
      gate_interval{};  // at the level that a verdict takes: 1 - 2 alpha / series
};

// One series under a group-sequential test: after each block its log ratio is added, and at the
// plan's looks the exact signed-rank test asks four questions, each at the part of its error rate
// that the look may spend.
//
//   slower by more than the margin?   yes: regression
//   faster by more than the margin?   yes: improvement
//   not slower by the target?         yes: that side is closed
//   not faster by the target?         yes: that side is closed; both closed: pass
//
// Both sides are alike, so that swapping baseline and candidate swaps regression and improvement. A
// closed side stays closed: a slowdown between margin and target may pass.
//
// It holds whatever the blocks' noise is like, provided that it treats both sides alike: each log
// ratio is then symmetric about the true change, by the random order of the two within a block.
class SeriesTest {
 public:
  explicit SeriesTest(const GatePlan& plan);  // which outlives this

  void add(double log_ratio);  // ln(candidate's time / baseline's) of the next block; not decided
  bool decided() const;        // more blocks would change nothing
  bool gate_open() const;      // undecided, and a slowdown is not excluded
  SeriesVerdict verdict() const;

  const std::vector<double>& log_ratios() const { return log_ratios_; }
  const std::vector<GateLookResult>& looks() const { return results_; }
  std::optional<ChangeEstimate> estimate() const;  // absent before the first look

 private:
  enum class Side { open, shown, excluded };

  void look(const GateLook& look);

  const GatePlan* plan_;
  std::vector<double> log_ratios_;
  std::vector<GateLookResult> results_;
  Side slower_ = Side::open, faster_ = Side::open;
};

}  // namespace inferbench

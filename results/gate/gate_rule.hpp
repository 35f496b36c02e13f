#pragma once

#include <cstddef>
#include <vector>

#include "harness/stats/signed_rank.hpp"

namespace inferbench {

// What a comparison may conclude, and how often it may be wrong.
struct GateRule {
  double margin = 0.01;  // a change up to this, 1 %, is nobody's regression
  double target = 0.05;  // a slowdown of this size is to be found
  double alpha = 0.01;   // chance that any series of a suite within the margin is called slower;
                         // as much again for faster
  double beta = 0.005;   // chance that a series slower by the target passes; faster alike
  std::vector<std::size_t> looks = {10, 14, 18, 24, 32, 44, 60, 84, 116, 160};  // blocks, ascending
};

// Throws Error{"--margin", ...} and the like for a rule that no test can keep.
void check_gate_rule(const GateRule& rule);

// One look at the blocks so far, with the part of the error rates that may be spent at it.
struct GateLook {
  std::size_t blocks;
  double alpha;  // of one series: sums to rule.alpha / series over all looks, linear in blocks
  double beta;   // sums to rule.beta, as the square root of blocks: passing early is cheap
  SignedRankTable table;
};

// The looks of every series of a suite.
class GatePlan {
 public:
  GatePlan(GateRule rule, std::size_t series);  // a checked rule; series >= 1, those that are timed

  const GateRule& rule() const { return rule_; }
  std::size_t series() const { return series_; }
  const std::vector<GateLook>& looks() const { return looks_; }
  const GateLook* look_at(std::size_t blocks) const;                     // null: no look at so many
  double interval_level(const GateLook& look, double confidence) const;  // of each side at a look

 private:
  GateRule rule_;
  std::size_t series_;
  std::vector<GateLook> looks_;
};

}  // namespace inferbench

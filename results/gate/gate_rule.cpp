#include "results/gate/gate_rule.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

// The share of the blocks that a look adds to the one before.
double share_added(const GateLook& look, const std::vector<GateLook>& looks) {
  const auto at = &look - looks.data();
  const std::size_t before = at == 0 ? 0 : looks[static_cast<std::size_t>(at) - 1].blocks;
  return static_cast<double>(look.blocks - before) / static_cast<double>(looks.back().blocks);
}

void check_chance(const char* option, double chance) {
  if (chance > 0 && chance < 0.5) return;
  throw Error(option, significant(chance, 6), "a chance of error between 0 and 0.5", "0.01");
}

}  // namespace

void check_gate_rule(const GateRule& rule) {
  if (!(rule.margin >= 0 && rule.margin < 1)) {
    throw Error("--margin", significant(rule.margin, 6), "a relative change from 0 to below 1",
                "0.01");
  }
  if (!(rule.target > rule.margin && rule.target < 10)) {
    throw Error("--target", significant(rule.target, 6),
                "a relative slowdown above the margin of " + significant(rule.margin, 6), "0.05");
  }
  check_chance("--alpha", rule.alpha);
  check_chance("--beta", rule.beta);
  ensure(!rule.looks.empty() && rule.looks.front() >= 1 &&
             std::adjacent_find(rule.looks.begin(), rule.looks.end(), std::greater_equal<>()) ==
                 rule.looks.end(),
         "looks are at ascending numbers of blocks");
}

GatePlan::GatePlan(GateRule rule, std::size_t series) : rule_(std::move(rule)), series_(series) {
  check_gate_rule(rule_);
  ensure(series >= 1, "a plan is of at least one series");
  const auto most = static_cast<double>(rule_.looks.back());
  double before = 0;
  for (const std::size_t blocks : rule_.looks) {
    const double share = static_cast<double>(blocks) / most;
    looks_.push_back({.blocks = blocks,
                      .alpha = rule_.alpha / static_cast<double>(series) * (share - before),
                      .beta = rule_.beta * (std::sqrt(share) - std::sqrt(before)),
                      .table = SignedRankTable(blocks)});
    before = share;
  }
}

const GateLook* GatePlan::look_at(std::size_t blocks) const {
  for (const GateLook& look : looks_) {
    if (look.blocks == blocks) return &look;
  }
  return nullptr;
}

double GatePlan::interval_level(const GateLook& look, double confidence) const {
  return (1 - confidence) / 2 * share_added(look, looks_);
}

}  // namespace inferbench

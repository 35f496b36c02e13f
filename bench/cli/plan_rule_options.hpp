#pragma once

#include <cstdint>
#include <optional>

#include "harness/plan/enumerate.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// The planner's rules as options, the same on every verb that searches configurations. What is not
// given keeps default_rules(); a cap of 0 is no cap.
struct RuleOptions {
  std::optional<std::int64_t> max_tp, max_cp, max_ep, max_pp, max_dp, max_tp_ep, min_replica_gpus;
  bool pp_divides_layers = false, tp_divides_heads = false;
  bool context_parallel = false, divisors = false, no_rules = false;

  // Throws Error for a negative cap.
  PlanRules rules(const ModelSpec& model, const HardwareSpec& gpu, const Precision& precision,
                  const MemoryBudget& budget) const;
};

void add_rule_options(CLI::App& verb, RuleOptions& options);

}  // namespace inferbench

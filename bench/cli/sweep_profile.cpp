#include "bench/cli/sweep_profile.hpp"

#include <CLI/CLI.hpp>

#include "harness/base/error.hpp"

namespace inferbench {

void add_profile_options(CLI::App& verb, std::string& profile, std::string& expert_skew) {
  std::string names;
  for (const CostProfile& shipped : cost_profiles()) {
    names += (names.empty() ? "" : ", ") + shipped.name;
  }
  verb.add_option("--profile", profile,
                  "cost profile: " + names + ", or a JSON file (default: default)");
  verb.add_option("--expert-skew", expert_skew,
                  "balanced, or the power-law exponent of expert popularity: 0.6, 1.01, 1.2");
}

CostProfile chosen_profile(const std::string& profile, const std::string& expert_skew) {
  CostProfile chosen = find_cost_profile(profile);
  if (expert_skew.empty()) return chosen;
  auto* ops = std::get_if<OpsParameters>(&chosen.parameters);
  if (ops == nullptr) {
    throw Error("--expert-skew", "profile " + chosen.name + " has none",
                "the claims formulation knows a fixed expert_imbalance instead",
                "use --profile default, or set expert_imbalance in a profile of your own");
  }
  ops->expert_skew = parse_expert_skew(expert_skew, "--expert-skew");
  return chosen;
}

}  // namespace inferbench

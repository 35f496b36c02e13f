#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "harness/replay/deployed_system.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// The batching policy and what belongs to it, the same on every verb that replays.
struct PolicyArguments {
  std::string scheduler = "in_flight";
  std::optional<double> watermark;    // absent: the default, where the policy has one
  std::optional<std::int64_t> aging;  // absent: the policy's default
  std::string speculate;              // empty: none

  // Puts them into `serving`; `seed` decides which drafted tokens are accepted. Throws Error for
  // what does not apply to the policy or cannot be read.
  void apply(ServingOptions& serving, std::uint64_t seed) const;
};

void add_policy_options(CLI::App& verb, PolicyArguments& arguments, const std::string& group);

// {"aging": ..., "speculation": {...}} of a result file's configuration; only what is in force.
nlohmann::ordered_json policy_json(const ServingOptions& serving);

}  // namespace inferbench

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "harness/catalog/model_spec.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/plan/parallel_config.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// Which cost profile, and what is changed in it. Empty: as the profile has it.
struct ProfileArguments {
  std::string profile = "default";
  std::string expert_skew;
  std::string routing;           // drawn instead of expected: "power:1.2,correlated:0.3"
  std::string cuda_graph;        // "on", "off" or the largest step in tokens
  std::string context_exchange;  // "ring" or "all-gather"
};

// --profile, --expert-skew, --routing, --cuda-graph and --context-exchange, the same on every verb
// that times steps.
void add_profile_options(CLI::App& verb, ProfileArguments& arguments);

// The profile with the changes applied. Throws Error.
CostProfile chosen_profile(const ProfileArguments& arguments);

// Throws Error for a change that the model, or none of the configurations, would feel: popular
// experts of a dense model, an exchange between context-parallel ranks where there are none.
void refuse_idle_changes(const ProfileArguments& arguments, const ModelSpec& model,
                         std::span<const ParallelConfig> configs);

// What was given besides the profile, for a result's configuration.
void put_profile_changes(nlohmann::ordered_json& out, const ProfileArguments& arguments);

}  // namespace inferbench

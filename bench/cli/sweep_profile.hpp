#pragma once

#include <string>

#include "harness/cost/cost_profile.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// --profile and --expert-skew, alike on every verb that uses the cost model.
void add_profile_options(CLI::App& verb, std::string& profile, std::string& expert_skew);

// The profile by name or file, with its expert skew replaced when one is given. Throws Error.
CostProfile chosen_profile(const std::string& profile, const std::string& expert_skew);

}  // namespace inferbench

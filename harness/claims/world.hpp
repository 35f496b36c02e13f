#pragma once

#include <functional>
#include <string>

#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/cost/cost_profile.hpp"

namespace inferbench {

// Where measures take their facts from. Tests replace a function to see labels change when the
// model or the hardware does.
struct World {
  std::function<ModelSpec(const std::string&)> model;
  std::function<HardwareSpec(const std::string&)> gpu;
  std::function<CostProfile(const std::string&)> profile;
};

// The catalogs that the program ships.
World shipped_world();

}  // namespace inferbench

#include "harness/claims/world.hpp"

#include "harness/catalog/catalog.hpp"

namespace inferbench {

World shipped_world() {
  return {.model = [](const std::string& name) { return find_model(name); },
          .gpu = [](const std::string& name) { return find_gpu(name); },
          .profile = find_cost_profile};
}

}  // namespace inferbench

#include "harness/claims/world.hpp"

#include "harness/catalog/catalog.hpp"

namespace inferbench {

World shipped_world() {
  return {.model = find_model, .gpu = find_gpu, .profile = find_cost_profile};
}

}  // namespace inferbench

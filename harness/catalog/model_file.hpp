#pragma once

#include <string>
#include <vector>

#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// Models in our own JSON: {"schema": "inferbench.models/1", "models": [...]}, or one such model by
// itself. `place` is named in errors. Throws Error for text that is not JSON, a missing or unknown
// key, or a shape that cannot be (check_model). docs/catalog.md lists the keys.
std::vector<ModelSpec> read_models(const std::string& text, const std::string& place);

}  // namespace inferbench

#pragma once

#include <string>
#include <vector>

#include "harness/base/dtype.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/claims/world.hpp"

namespace inferbench::claims {

// A list of numbers, each finite and >= 0; throws Error when the key is missing or empty.
std::vector<double> numbers(const JsonObject& inputs, const std::string& key);

// A list of integers >= 0.
std::vector<std::int64_t> integers(const JsonObject& inputs, const std::string& key);

// The element type named at `key`; throws Error with the nearest names.
DType dtype(const JsonObject& inputs, const std::string& key);
DType dtype(const JsonObject& inputs, const std::string& key, DType fallback);

// The model named "model", with the shape of "model_shape" in place of the catalog's where given:
// {"kv_heads": 8, "layers": 80}. Throws Error for an unknown name or a shape that cannot be.
ModelSpec model(const JsonObject& inputs, const World& world);

// The GPU named "gpu", with "domain" GPUs in its fast domain where given.
HardwareSpec gpu(const JsonObject& inputs, const World& world);

}  // namespace inferbench::claims

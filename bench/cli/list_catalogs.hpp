#pragma once

#include <string>
#include <vector>

#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// The catalogs as text for people.
std::string model_table(const std::vector<ModelSpec>& models);
std::string gpu_table(const std::vector<HardwareSpec>& gpus);

// One block per entry: each key with its value and source, notes, and every place where a document
// says otherwise, with both values and the reason.
std::string model_sources(const std::vector<ModelSpec>& models);
std::string gpu_sources(const std::vector<HardwareSpec>& gpus);

}  // namespace inferbench

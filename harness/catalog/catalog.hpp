#pragma once

#include <string>
#include <vector>

#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// Everything the program ships, in catalog order. Each number there has its source.
const std::vector<ModelSpec>& models();
const std::vector<HardwareSpec>& gpus();

// By catalog name or alias (case, spaces and underscores do not matter), or, when `what` names a
// file: a Hugging Face config.json (or the folder that has one) or one of our own model files.
// Throws Error with the nearest names.
ModelSpec find_model(const std::string& what, const std::string& place = "--model");
HardwareSpec find_gpu(const std::string& what, const std::string& place = "--gpu");

}  // namespace inferbench

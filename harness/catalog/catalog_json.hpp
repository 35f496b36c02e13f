#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// The JSON that read_gpus and read_models read: what `list --json` prints can be saved, edited and
// given back to --gpu or --model. Reading it again gives an equal spec.
nlohmann::ordered_json catalog_json(const HardwareSpec& gpu);
nlohmann::ordered_json catalog_json(const ModelSpec& model);

// A whole file, with its schema line.
nlohmann::ordered_json catalog_json(const std::vector<HardwareSpec>& gpus);
nlohmann::ordered_json catalog_json(const std::vector<ModelSpec>& models);

}  // namespace inferbench

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/catalog/hardware_spec.hpp"

namespace inferbench {

// How many of each GPU the weights-fit rule recommends (harness/plan/weights_fit.hpp).
struct RecommendedInstances {
  std::vector<double> billions;  // parameters
  std::vector<HardwareSpec> gpus;
};

// "70B,13B" in billions; empty: the sizes of the published table. Throws Error.
std::vector<double> model_sizes(const std::string& text);

RecommendedInstances recommended_instances(std::vector<double> billions,
                                           std::vector<HardwareSpec> gpus);

// A row per size and weight type (FP16 2 bytes, FP8 or INT8 1 byte), a column per GPU.
std::string recommended_report(const RecommendedInstances& table);

// [{"parameters_billion", "weights": "fp16" | "fp8", "gpu", "gpus"}]
nlohmann::ordered_json recommended_json(const RecommendedInstances& table);

}  // namespace inferbench

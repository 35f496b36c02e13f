#pragma once

#include <vector>

#include "bench/cli/doctor_findings.hpp"

namespace inferbench {

// What runs on NVIDIA GPUs need: the module, the driver, devices, CUPTI and vendor libraries.
std::vector<Finding> cuda_findings();

}  // namespace inferbench

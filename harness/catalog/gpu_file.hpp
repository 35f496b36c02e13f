#pragma once

#include <string>
#include <vector>

#include "harness/catalog/hardware_spec.hpp"

namespace inferbench {

// GPUs in our own JSON: {"schema": "inferbench.gpus/1", "gpus": [...]}, or one such GPU by itself.
// `place` is named in errors. Throws Error for text that is not JSON, a missing or unknown key, a
// number that cannot be (a peak of zero, 300 MB of memory). docs/catalog.md lists the keys.
std::vector<HardwareSpec> read_gpus(const std::string& text, const std::string& place);

}  // namespace inferbench

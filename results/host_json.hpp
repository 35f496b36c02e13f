#pragma once

#include <nlohmann/json_fwd.hpp>

#include "results/host_info.hpp"

namespace inferbench {

// A host as it stands in result files and comparison documents; what was not readable is under
// "absent".
nlohmann::ordered_json host_json(const HostInfo& host);

}  // namespace inferbench

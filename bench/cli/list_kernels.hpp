#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace inferbench {

// Ops with their axes, formats and implementations, and why an implementation is not available
// here. `ops` empty: all. Throws Error for an op that does not exist.
std::string kernel_text(const std::vector<std::string>& ops = {});
nlohmann::ordered_json kernels_json();

}  // namespace inferbench

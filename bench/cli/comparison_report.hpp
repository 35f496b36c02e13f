#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/cli/compare_model.hpp"

namespace inferbench {

// Measured and modelled side by side, for people and for the result's findings.
std::string comparison_report(const ModelComparison& comparison);
nlohmann::ordered_json comparison_json(const ModelComparison& comparison);

}  // namespace inferbench

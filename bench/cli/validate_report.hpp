#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/validate/serving_validation.hpp"

namespace inferbench {

// Limits on TPOT at which configurations are ranked, milliseconds.
inline constexpr std::array<double, 3> kRankedAt = {20, 30, 50};

// Tables for people: errors by set, ranks, saturation, bands, ablation, the worst rows.
std::string validation_report(const Truth& truth, const ServingValidation& validation,
                              const ValidationOptions& options, std::size_t worst_rows);

// All of it, and every point, measured and predicted.
nlohmann::ordered_json validation_json(const Truth& truth, const ServingValidation& validation,
                                       const ValidationOptions& options);

}  // namespace inferbench

#pragma once

#include <optional>
#include <string_view>

#include "harness/metrics/summary.hpp"

namespace inferbench {

// A distribution's percentile, or its mean without one; nullopt when the summary leaves it out.
std::optional<double> value_of(const Summary& summary, std::string_view metric,
                               std::optional<double> percentile);

// A rate of a window; nullopt when either is not there.
std::optional<double> rate_of(const Summary& summary, std::string_view window,
                              std::string_view rate);

}  // namespace inferbench

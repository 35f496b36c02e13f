#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/sweep/sweep_point.hpp"

namespace inferbench {

// tokens/s/GPU over tokens/s/user (logarithmic) as text: '.' a point that fits, 'o' the frontier,
// '@' the best point. Empty when nothing fits.
std::string scatter_plot(std::span<const SweepPoint> points,
                         const std::vector<std::size_t>& frontier, std::optional<std::size_t> best,
                         int columns = 72, int rows = 20);

}  // namespace inferbench

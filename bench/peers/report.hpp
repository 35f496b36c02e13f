#pragma once

#include <string>
#include <vector>

#include "bench/peers/measure.hpp"

namespace inferbench {

std::string table_of(const std::vector<ContestResult>& results);
std::string json_of(const std::vector<ContestResult>& results,
                    const std::vector<Saturation>& products, const PeerRun& run);
std::string saturation_lines(const std::vector<Saturation>& products);

// "24 bars: 20 reached, 3 floor, 1 below": those that have a target.
std::string tally(const std::vector<ContestResult>& results);

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace inferbench {

// Count, mean and spread of samples. Two passes over the data, so that a small spread around a
// large mean keeps its digits.
struct Moments {
  std::uint64_t count = 0;
  std::optional<double> mean, min, max;  // absent when there are no samples
  std::optional<double> stddev;          // of a sample (n - 1); absent below two samples
};

Moments moments(std::span<const double> samples);

}  // namespace inferbench

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace inferbench {

struct Interval {
  double low = 0, high = 0;
  double confidence = 0;  // the share of such intervals that hold the true value

  double width() const { return high - low; }
};

struct BootstrapOptions {
  double confidence = 0.95;
  int resamples = 1000;
  std::size_t block = 0;  // samples of a block; 0: n^0.6, so that 100 samples make 6 blocks
  std::uint64_t seed = 1;
};

// Percentile interval of the median by the circular block bootstrap. Samples are in the order in
// which they were taken: neighbours share the machine's mood, and resampling whole blocks of them
// keeps that, where one by one would promise too narrow an interval. Few blocks say little of their
// own spread, so the interval is widened as Student's t of as many would be, within the range of
// the samples. It cannot know of a spell that outlasts the samples: spread them over time
// (interleaving does). At least one sample; fewer than three give their range.
//
// Source: Politis and Romano, "A circular block-resampling procedure for stationary data", 1992.
Interval bootstrap_median(std::span<const double> samples, const BootstrapOptions& options = {});

}  // namespace inferbench

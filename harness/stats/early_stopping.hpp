#pragma once

#include <cstdint>

namespace inferbench {

// How many samples make a percentile mean something, after MLPerf LoadGen's early stopping: with
// `over` samples above a limit, "at least p percent of all requests stay below it" is supported at
// confidence c when P[Binomial(n, 1 - p/100) <= over] <= 1 - c.
//
// Source: mlcommons/inference, loadgen/early_stopping.cc (c = 0.99, tolerance 0).
inline constexpr double kConfidence = 0.99;

// The fewest samples for percentile p, 0 < p < 100, with `over` samples above the limit:
// p90 44, p97 152, p99 459, p99.9 4603 when none is above.
std::uint64_t least_samples(double percentile, std::uint64_t over = 0,
                            double confidence = kConfidence);

// The same for both tails: a percentile below 50 is as hard to know as its mirror image.
std::uint64_t least_samples_of_either_tail(double percentile);

// Whether n samples, `over` of them above the limit, support the percentile.
bool supports_percentile(double percentile, std::uint64_t samples, std::uint64_t over,
                         double confidence = kConfidence);

}  // namespace inferbench

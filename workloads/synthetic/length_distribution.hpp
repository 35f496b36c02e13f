#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// How many tokens (or turns): a distribution over integers >= 1.
class LengthDistribution {
 public:
  virtual ~LengthDistribution() = default;
  virtual std::int64_t sample(RandomStream& random) const = 0;
  virtual double mean() const = 0;       // of the values sampled, rounding aside
  virtual std::string text() const = 0;  // as parse_lengths reads it
};
using Lengths = std::shared_ptr<const LengthDistribution>;

Lengths fixed_length(std::int64_t tokens);
// Every integer of [min, max] alike.
Lengths uniform_length(std::int64_t min, std::int64_t max);
// Rounded normal draws, redrawn outside [min, max]: truncated, not clipped, so nothing piles up at
// the bounds. Throws Error when under 1 in 1,000 draws would fall inside.
Lengths normal_length(double mean, double stddev, std::int64_t min, std::int64_t max);
// exp(normal(ln p50, sigma)), rounded, redrawn outside [min, max]. Closest to real traces.
Lengths lognormal_length(double p50, double sigma, std::int64_t min, std::int64_t max);
// One of `parts`, each with its weight > 0.
Lengths mixture_length(std::vector<std::pair<double, Lengths>> parts);
// A value drawn from `counts` (value, how often); `name` is for text().
Lengths empirical_length(std::string name,
                         std::vector<std::pair<std::int64_t, std::int64_t>> counts);

// The values of a trace for empirical(SPEC): input lengths or output lengths with their counts.
enum class LengthKind { input, output };
using LengthCounts = std::vector<std::pair<std::int64_t, std::int64_t>>;
using LoadLengths = std::function<LengthCounts(std::string_view spec, LengthKind kind)>;

// A distribution as typed:
//
//   512 | fixed(512) | uniform(MIN,MAX) | normal(MEAN,STDDEV[,MIN,MAX]) |
//   lognormal(P50,SIGMA[,MIN,MAX]) | mix(WEIGHT*DIST+WEIGHT*DIST...) | empirical(SPEC)
//
// MIN defaults to 1, MAX to 1,048,576 tokens. empirical takes the input or output lengths of a
// workload, as `kind` says. Throws Error{place} for anything else, with the nearest name.
Lengths parse_lengths(std::string_view text, LengthKind kind, const LoadLengths& load,
                      const std::string& place);

}  // namespace inferbench

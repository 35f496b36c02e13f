#pragma once

#include <cstdint>
#include <string_view>

namespace inferbench {

// A counter-based random stream: the k-th number depends on (seed, stream name, k) alone, so
// results do not depend on threads or on what another stream drew. Samplers are our own, because
// the standard library's distributions differ between platforms.
//
// Source of the mixing function: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom
// number generators", OOPSLA 2014, as finalised by Vigna.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name);

  // A stream of its own for one item, e.g. one request: equal for equal (stream, index).
  RandomStream at(std::uint64_t index) const;

  std::uint64_t bits();                                    // 64 uniform bits
  double uniform();                                        // [0, 1), 53 bits
  std::uint64_t below(std::uint64_t n);                    // {0 .. n-1}, unbiased; n >= 1
  std::int64_t between(std::int64_t lo, std::int64_t hi);  // {lo .. hi}
  double exponential(double mean);
  double normal(double mean, double stddev);
  double lognormal(double mu, double sigma);  // exp(normal(mu, sigma))
  double gamma(double shape, double scale);   // Marsaglia and Tsang 2000
  double weibull(double shape, double scale);

 private:
  explicit RandomStream(std::uint64_t key) : key_(key) {}

  std::uint64_t key_ = 0;
  std::uint64_t counter_ = 0;
};

// All randomness of a run: one seed, one named stream per purpose.
class Random {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed) {}
  RandomStream stream(std::string_view name) const { return RandomStream(seed_, name); }
  std::uint64_t seed() const { return seed_; }

 private:
  std::uint64_t seed_;
};

}  // namespace inferbench

#include "harness/base/random.hpp"

#include <cmath>
#include <numbers>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::uint64_t hash_name(std::string_view name) {  // FNV-1a
  std::uint64_t h = 0xCBF29CE484222325ULL;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return h;
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view name)
    : key_(mix(mix(seed + kGolden) ^ hash_name(name))) {}

RandomStream RandomStream::at(std::uint64_t index) const {
  return RandomStream(mix(key_ ^ mix(index + kGolden)));
}

std::uint64_t RandomStream::bits() {
  return mix(key_ + kGolden * ++counter_);
}

double RandomStream::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  ensure(n >= 1, "RandomStream::below needs n >= 1");
  const std::uint64_t threshold = (0 - n) % n;  // rejects the biased head of the range
  for (;;) {
    const std::uint64_t r = bits();
    if (r >= threshold) return r % n;
  }
}

std::int64_t RandomStream::between(std::int64_t lo, std::int64_t hi) {
  return lo + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(hi - lo) + 1));
}

double RandomStream::exponential(double mean) {
  return -mean * std::log1p(-uniform());
}

double RandomStream::normal(double mean, double stddev) {
  // Box-Muller; the second value is dropped so that the k-th draw depends on k alone.
  const double u = 1.0 - uniform();
  const double v = uniform();
  return mean + stddev * std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

double RandomStream::lognormal(double mu, double sigma) {
  return std::exp(normal(mu, sigma));
}

double RandomStream::gamma(double shape, double scale) {
  if (shape < 1.0) {  // boost: gamma(k) = gamma(k + 1) * U^(1/k)
    const double u = 1.0 - uniform();
    return gamma(shape + 1.0, scale) * std::pow(u, 1.0 / shape);
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = normal(0.0, 1.0);
    const double base = 1.0 + c * x;
    if (base <= 0.0) continue;
    const double v = base * base * base;
    const double u = 1.0 - uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v * scale;
  }
}

double RandomStream::weibull(double shape, double scale) {
  return scale * std::pow(-std::log1p(-uniform()), 1.0 / shape);
}

}  // namespace inferbench

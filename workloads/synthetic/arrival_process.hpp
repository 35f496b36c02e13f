#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/random.hpp"
#include "workloads/synthetic/rate_profile.hpp"

namespace inferbench {

// How irregularly requests arrive around their rate.
enum class GapFamily {
  poisson,   // exponential gaps
  gamma,     // shape k ("burstiness" of vLLM): CV 1/sqrt(k), k < 1 burstier than Poisson
  weibull,   // shape k
  constant,  // equal gaps, the first request at 0
  at_once,   // all at 0; the rate has no meaning
};

// Arrival times one after the other: gaps of mean 1 in operational time, stretched by the rate that
// holds when they pass, so that every family goes with every rate profile. The k-th gap depends on
// (random, k) alone.
//
// Source of the gamma parametrisation: vLLM, benchmarks/serve.py, get_request: shape = burstiness,
// scale = 1 / (request_rate * burstiness).
class ArrivalProcess {
 public:
  // `shape` > 0 is used by gamma and weibull.
  ArrivalProcess(GapFamily family, double shape, RateProfile rate, RandomStream random);

  // The next arrival in seconds; absent when the rate profile has ended.
  std::optional<double> next();

 private:
  double unit_gap();

  GapFamily family_;
  double shape_;
  RateProfile rate_;
  RandomStream random_;
  std::uint64_t count_ = 0;
  double operational_ = 0;
};

// The shape of a Weibull distribution with this coefficient of variation (0.02 to 50).
double weibull_shape_of_cv(double cv);

}  // namespace inferbench

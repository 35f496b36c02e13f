#include "harness/selftest/queue_formulas.hpp"

#include <cmath>

namespace inferbench {

double pollaczek_khinchine_wait(double load, double service_cv) {
  return load / (1 - load) * (1 + service_cv * service_cv) / 2;
}

// By the recursion of Erlang B, which does not overflow.
double erlang_c(std::int64_t servers, double load) {
  const double offered = load * static_cast<double>(servers);
  double blocked = 1;
  for (std::int64_t s = 1; s <= servers; ++s) {
    blocked = offered * blocked / (static_cast<double>(s) + offered * blocked);
  }
  return blocked / (1 - load * (1 - blocked));
}

double mmc_wait(std::int64_t servers, double load) {
  return erlang_c(servers, load) / (static_cast<double>(servers) * (1 - load));
}

double mm1_sojourn_quantile(double load, double p) {
  return -std::log1p(-p) / (1 - load);
}

}  // namespace inferbench

#pragma once

#include <cstdint>

namespace inferbench {

// Closed forms of queues with Poisson arrivals, first come first served. `load` is the share of
// time that a server is busy, 0 <= load < 1; waits are in units of the mean service time.

// Mean wait before service of M/G/1, with the service's coefficient of variation: 0 for M/D/1, 1
// for M/M/1. Source: Pollaczek 1930, Khinchine 1932.
double pollaczek_khinchine_wait(double load, double service_cv);

// Probability that a customer of M/M/c has to wait. Source: Erlang 1917, formula C.
double erlang_c(std::int64_t servers, double load);

// Mean wait before service of M/M/c.
double mmc_wait(std::int64_t servers, double load);

// The time that a share p of M/M/1's customers stays below, 0 <= p < 1; wait and service together,
// which is exponential.
double mm1_sojourn_quantile(double load, double p);

}  // namespace inferbench

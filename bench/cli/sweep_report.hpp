#pragma once

#include <span>
#include <string>

#include "harness/sweep/frontier.hpp"
#include "harness/sweep/sweep_point.hpp"

namespace inferbench {

struct SweepReportOptions {
  std::size_t rows = 24;    // of the frontier table, spread evenly when there are more points
  bool infeasible = false;  // list configurations that never fit, with the reason
  bool plot = true;
};

// For people: counts with reasons, plot, frontier with near-ties, best point under the limits.
std::string sweep_report(std::span<const SweepPoint> points, const SweepLimits& limits,
                         const SweepReportOptions& options);

// All points, fitting or not, as RFC 4180 CSV.
std::string sweep_csv(std::span<const SweepPoint> points, const SweepLimits& limits);

}  // namespace inferbench

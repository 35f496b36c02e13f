#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/validate/scoring.hpp"

namespace inferbench {

// A number of a profile that no table of ops holds, learnt from whole systems.
struct SystemEffect {
  std::string_view name;  // "request_us": the key of the profile
  std::string_view what;  // one line
  double off = 0;         // the value that leaves the effect out
  double first = 0;       // where a fit looks first
  double least = 0, most = 0;
  double (*get)(const CostProfile& profile) = nullptr;
  void (*set)(CostProfile& profile, double value) = nullptr;
};

// Those that a fit may change, in the order in which it does.
std::span<const SystemEffect> system_effects();

// Points of one engine, replayed under one profile.
std::vector<ScoredPoint> predict_all(std::span<const ServingPoint> points,
                                     const CostProfile& profile, unsigned threads,
                                     const ReplayOfPoint& how = {});

// What a fit makes small: the mean over points of |ln(predicted / measured)| of TPOT and of
// tokens/s/GPU, and half of TTFT's, each at most ln 4 so that one queue does not outweigh the rest;
// a point that cannot be predicted counts as ln 4 in each.
double misfit(std::span<const ScoredPoint> scored);

// Coordinate descent over the effects, in rounds of finer steps, from SystemEffect::first: what the
// profile says of them before does not matter. Stops early when `stop` says so. Deterministic.
CostProfile fit_effects(std::span<const ServingPoint> points, CostProfile profile, unsigned threads,
                        const std::function<bool()>& stop = {});

}  // namespace inferbench

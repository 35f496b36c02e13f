#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/validate/scoring.hpp"
#include "harness/validate/system_effects.hpp"

namespace inferbench {

struct ValidationOptions {
  std::uint64_t seed = 0;  // of the split
  bool fit = false;        // fit the system effects on the fit part first
  bool ablation = false;   // leave out one effect after the other
  unsigned threads = 0;    // 0: all cores
  std::function<bool()> stop{};
};

// Errors of a set of points by metric. TTFT is that of points that are not saturated as measured.
struct MetricErrors {
  ErrorSummary tpot, ttft, tokens_s_gpu;
};
MetricErrors errors_of(std::span<const ScoredPoint> points);

// What leaving an effect out of an engine's profile does to the scored points.
struct Ablation {
  std::string engine, effect;
  double value = 0;  // what the profile says
  MetricErrors without;
};

// How often measurements of the scored part lie inside the 90 % bands that the fit part taught, one
// band per engine and metric.
struct Coverage {
  std::size_t points = 0, inside = 0;
};

// One engine's share of a validation.
struct EngineValidation {
  std::string engine;
  CostProfile profile;
  std::vector<ServingPoint> fit_points{}, scored_points{};
  std::vector<ScoredPoint> fit_part{}, scored_part{};  // point into the two above: move, never copy
};

struct ServingValidation {
  std::vector<EngineValidation> engines;     // in order of name
  std::vector<Ablation> ablations;           // empty unless asked for
  std::map<std::string, Coverage> coverage;  // by metric
  std::vector<const ScoredPoint*> scored() const;
};

// Predicts every point by replay. An engine's points take the shipped profile of the engine's name
// (`default` where there is none). Points of serving are split in two halves by configuration with
// `seed`; a fit sees the first half alone. Published throughput is scored whole: nothing is fitted
// to it.
ServingValidation validate_serving(const Truth& truth, const ValidationOptions& options);

// Whether a split puts the configuration into the fit part.
bool in_fit_part(const std::string& configuration, std::uint64_t seed);

}  // namespace inferbench

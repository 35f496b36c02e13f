#pragma once

#include <string>
#include <vector>

#include "harness/claims/measures/inputs.hpp"
#include "harness/sweep/frontier.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "harness/sweep/steady.hpp"

namespace inferbench::claims {

// What a steady scenario sweeps: a system, its traffic, configurations and chunk sizes.
struct SteadySweep {
  SteadyMethod method;
  std::vector<ParallelConfig> configs;
  std::vector<Tokens> chunks;

  std::vector<SweepPoint> points(const std::vector<ParallelConfig>& some) const;
  std::vector<SweepPoint> points() const { return points(configs); }
};

// Reads "model", "gpu", "profile" and, where given, "model_shape", "domain", "memory_gb" (of one
// GPU), "weights" (dtype, default fp4), "profile_changes" (constants of the claims formulation),
// "isl", "osl", "gpus" (64), "max_ep", "min_replica_gpus" (5), "configs" (labels, instead of all
// configurations), "chunks" (instead of the 37 sizes) or "finer_chunk_step" (32: also every 32
// tokens up to 448). Throws Error.
SteadySweep steady_sweep(const JsonObject& inputs, const World& world);

// "max_ttft_s", "min_tps_user", "max_tps_user".
SweepLimits sweep_limits(const JsonObject& inputs);

// Only those of `points` with this configuration.
std::vector<SweepPoint> of_config(const std::vector<SweepPoint>& points,
                                  const ParallelConfig& config);

// "TP2EP16PP2/896"
std::string label(const SweepPoint& point);

}  // namespace inferbench::claims

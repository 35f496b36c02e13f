#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/plan/parallel_config.hpp"

namespace inferbench {

// One thing to try: a parallel configuration, a chunk size and, where the method has one, a load.
struct SweepTask {
  ParallelConfig parallel;
  Tokens chunk{};   // prompt tokens per step and attention rank
  double load = 0;  // the method's own unit: requests/s, or users; 0 where the method has no load
};

// What one micro-batch spends its time on in the slowest pipeline stage, each part alone. What they
// add up to beyond the stage's time is hidden by overlap.
struct StageParts {
  Seconds gemm{}, attention{}, moe{}, elementwise{};
  Seconds scale_up{}, scale_out{};  // collectives inside and across the fast domain
  Seconds host{};                   // launches, framework, streamed weights

  Seconds total() const {
    return gemm + attention + moe + elementwise + scale_up + scale_out + host;
  }
};

// What a method says about a task. Numbers of a point that does not fit are still computed where
// they mean something, and are zero otherwise; they never reach the frontier.
struct SweepPoint {
  SweepTask task;
  bool fits = false;
  bool meets_slo = true;  // false: the method was given an SLO and the point misses it
  std::string why_not{};  // when it does not fit or misses the SLO: "KV cache: needs 210 GB per
                          // GPU, ..."; the kind stands before the colon

  double tps_user = 0;  // tokens/s/user: 1 / TPOT
  double tps_gpu = 0;   // output tokens/s/GPU over all GPUs
  Seconds ttft{};       // service time, no queueing, in a steady sweep; the median in a replay
  Seconds tpot{};
  Seconds stage{};                    // one micro-batch in one pipeline stage
  std::optional<StageParts> parts{};  // of a steady sweep by the ops formulation
  double decodes = 0;                 // running requests per attention rank and micro-batch
  Bytes memory_needed{};              // of the fullest GPU
  Bytes memory_available{};
  Bytes weights{}, kv{};
  // Of `stage`, where its kernels were measured; the rest are modelled collectives.
  std::optional<double> measured_share{};
};

}  // namespace inferbench

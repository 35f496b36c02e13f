#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/cost/cost_profile.hpp"
#include "harness/validate/serving_point.hpp"

namespace inferbench {

// What a replay says of a measured point.
struct ServingPrediction {
  std::optional<double> ttft_ms, tpot_ms, tokens_s_gpu;  // absent: why_not says so
  bool saturated = false;                                // closed loop: as is_saturated()
  Tokens kv_capacity{};                                  // of a replica
  std::string why_not;  // the deployment does not fit, or no request can be served
};

// How a point is replayed.
struct ReplayOfPoint {
  std::int64_t waves = 10;  // closed loop: requests per user
  Duration turnaround{};    // closed loop: mean pause of a user between answer and next request,
                            // exponential; 0: none
  std::uint64_t seed = 0;
};

// Replays the point's load through its deployment: the scheduler, step size and memory of
// `profile.engine` (EngineSetup's defaults where it has none), steps timed by the cost model.
//
// Closed loop: `waves` requests per user, all of them measured. At once: the requests of the point,
// or as many as trtllm-bench's documentation offers for its lengths.
ServingPrediction predict(const ServingPoint& point, const CostProfile& profile,
                          const ReplayOfPoint& how = {});

}  // namespace inferbench

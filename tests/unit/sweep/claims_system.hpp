#pragma once

#include "harness/catalog/catalog.hpp"
#include "harness/sweep/steady.hpp"

namespace inferbench {

// The systems of the published trillion-parameter comparison, as its arithmetic states them: GB200
// parts of 192 GB (the catalog's ship 186 GB), H100 of 1,979 and 989 TFLOP/s.
inline SweepSystem claims_system(const std::string& profile, const std::string& gpu) {
  SweepSystem s{.model = find_model("gpt-moe-1.8t"),
                .gpu = find_gpu(gpu),
                .precision = {},
                .profile = find_cost_profile(profile),
                .budget = {}};
  if (gpu == "gb200-nvl72") s.gpu.memory = Bytes(192e9);
  if (gpu == "h100") {
    s.gpu.peaks[DType::fp8] = FlopsPerSecond(1979e12);
    s.gpu.peaks[DType::bf16] = FlopsPerSecond(989e12);
  }
  s.precision = default_precision(s.profile, s.model, s.gpu);
  return s;
}

inline SweepPoint claims_point(const SweepSystem& system, const std::string& parallel,
                               std::int64_t chunk) {
  return SteadyMethod(system, {})
      .evaluate({.parallel = parse_parallel(parallel), .chunk = Tokens(chunk)});
}

}  // namespace inferbench

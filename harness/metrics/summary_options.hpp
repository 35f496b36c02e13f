#pragma once

#include <cstdint>
#include <optional>

#include "harness/metrics/slo.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {

// What "per GPU" divides by. Prefill and decode differ from total only when they are served apart.
struct GpuCounts {
  std::int64_t total = 1, prefill = 1, decode = 1;
};

struct SummaryOptions {
  PercentileMethod percentile_method = PercentileMethod::linear;
  GpuCounts gpus;
  std::optional<Slo> slo;
  std::optional<std::int64_t> concurrency;  // closed loop: users; absent: open loop
};

}  // namespace inferbench

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/metrics/concurrency.hpp"
#include "harness/metrics/summary.hpp"
#include "harness/metrics/summary_options.hpp"
#include "harness/metrics/window.hpp"

namespace inferbench {

// What became visible inside a stretch.
struct Delivered {
  std::uint64_t requests = 0;       // completed in it
  std::uint64_t input_tokens = 0;   // prompts whose first token is in it
  std::uint64_t output_tokens = 0;  // visible in it, whatever the outcome of their request
};

Delivered delivered(std::span<const RequestRecord> records, const Stretch& stretch);

// The rates of one window, per second and per GPU; absent values, with a reason, where the window
// was not found or has no length.
std::vector<ScalarMetric> throughput(std::span<const RequestRecord> records,
                                     const std::optional<Stretch>& stretch,
                                     const Concurrency& concurrency, const GpuCounts& gpus);

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/timing/device_queue.hpp"
#include "harness/timing/device_timer.hpp"

namespace inferbench {

// One sample as the device's records tell it.
struct TracedSample {
  double span_ns = 0;   // from the first start to the last end
  double busy_ns = 0;   // of it, with at least one kernel running
  double event_ns = 0;  // by events, with tracing on
};

// A kernel of a sample, with medians over the samples.
struct TracedKernel {
  std::string name;
  std::int32_t grid[3] = {}, block[3] = {};
  std::int32_t registers = 0, shared_bytes = 0;
  std::int64_t launches = 0;  // per sample
  double median_ns = 0;       // of one launch
};

// Samples taken with tracing on, and whether their records can be trusted.
struct TracedWindow {
  std::vector<TracedSample> samples;
  std::vector<TracedKernel> kernels;  // in the order in which they start
  std::string refused;                // why the records cannot be used; then there are no samples
  DeviceTraceCounts counts;           // of the window
};

// What to sample: `prepare` is queued outside the range, `launch` inside.
struct TracedWork {
  const char* name = "";
  std::function<void()> prepare;  // may be empty
  std::function<void()> launch;
};

// Joins records with the samples `first_id` .. `first_id + count - 1` that launched them. Refused:
// a sample without a record, samples of different kernels, a record before `begin_ns`.
TracedWindow join_window(const std::vector<DeviceRecord>& records, std::uint64_t first_id,
                         std::size_t count, std::uint64_t begin_ns);

// Takes windows of one trace, each sample in a range of its own with an NVTX range of the same
// name.
class WindowTracer {
 public:
  WindowTracer(DeviceTimer& timer, DeviceTrace& trace) : timer_(timer), trace_(trace) {}

  // `count` samples. A window whose records cannot be used is taken once more.
  TracedWindow window(const TracedWork& work, std::size_t count);

 private:
  TracedWindow attempt(const TracedWork& work, std::size_t count);

  DeviceTimer& timer_;
  DeviceTrace& trace_;
  std::uint64_t next_id_ = 1;
};

}  // namespace inferbench

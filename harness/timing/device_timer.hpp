#pragma once

#include <functional>
#include <vector>

#include "harness/timing/device_queue.hpp"
#include "harness/timing/stopwatch.hpp"

namespace inferbench {

// Times launches by the device's own events.
//
// once(): everything is queued behind a blocking kernel before the device may begin, so the time
// between the two events holds the work and the gaps between its kernels, not the host's launches.
// replay(): a graph of `launches` equal launches, and the time of one of them: hot, back to back.
//
// The clock frequency comes from two stamps around the work; work shorter than 20 us is too short
// for it, because the device's nanosecond clock ticks coarsely.
//
// Source: NVIDIA nvbench, "isolated" measurements (blocking kernel, clock stamps).
class DeviceTimer {
 public:
  explicit DeviceTimer(DeviceQueue& queue) : queue_(queue) {}

  double once(const std::function<void()>& launch);  // nanoseconds
  double replay(DeviceGraph& graph, std::int64_t launches);

  // Of all samples so far, which a stopwatch can take for a clock.
  double total_ns() const { return total_ns_; }

  // Clock rates seen since the last time they were taken, one per sample that was long enough.
  std::vector<double> take_clocks_hz();

  DeviceQueue& queue() { return queue_; }

 private:
  double measure(const std::function<void()>& launch);

  DeviceQueue& queue_;
  double total_ns_ = 0;
  std::vector<double> clocks_hz_;
};

// Wall time of this thread, and as CPU time what the timer measured: so the sampler spends a budget
// of wall time on samples of device time.
class DeviceStopwatch final : public Stopwatch {
 public:
  explicit DeviceStopwatch(const DeviceTimer& timer) : timer_(timer) {}
  Reading begin() override { return read(); }
  Reading end() override { return read(); }

 private:
  Reading read();

  const DeviceTimer& timer_;
  ThreadStopwatch host_;
};

}  // namespace inferbench

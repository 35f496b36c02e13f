#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/micro/roofs.hpp"
#include "harness/timing/device_timer.hpp"
#include "harness/timing/device_window.hpp"
#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// What measuring on a device takes: its queue, its records, its caches and its roofs.
struct DeviceBench {
  DeviceTimer* timer = nullptr;
  DeviceTrace* trace = nullptr;  // null: `untraceable` says why, and events are the only timer
  std::string untraceable;
  std::function<void()> flush;  // queues a read of twice the last cache
  double cache_bytes = 0;       // of the last cache
  std::string name;             // "NVIDIA H200"
  int multiprocessors = 0;
  double nominal_clock_hz = 0;
  std::vector<Roof> roofs;
};

// A bound kernel back to back, as a graph of so many launches that one replay takes 0.2 ms, and the
// host waits no more than about 50 ms for it. Made at its first sample.
class HotReplay {
 public:
  HotReplay(DeviceTimer& timer, BoundKernel& kernel) : timer_(timer), kernel_(kernel) {}
  double sample();  // nanoseconds of one launch

 private:
  DeviceTimer& timer_;
  BoundKernel& kernel_;
  std::unique_ptr<DeviceGraph> graph_;
  std::int64_t launches_ = 0;
};

}  // namespace inferbench

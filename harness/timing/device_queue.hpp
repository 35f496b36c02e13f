#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace inferbench {

// Two clocks of a device at one instant.
struct DeviceStamp {
  std::uint64_t global_ns = 0, cycles = 0;
};

// Launches that were recorded, to be run again as one.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  virtual void launch() = 0;
};

// The queue of a device and the clocks on it: what a timer needs of a GPU. Work is done in the
// order in which it is queued. Functions throw Failure when the device does.
class DeviceQueue {
 public:
  virtual ~DeviceQueue() = default;

  // What is queued from here on waits for release(), so that the time to queue it is not measured.
  // Where the host is late, it begins without; blocked_out() counts that.
  virtual void block() = 0;
  virtual void release() = 0;
  virtual std::uint64_t blocked_out() = 0;

  virtual void mark(int event) = 0;  // 0 or 1: now, in the queue
  virtual double between_ns(int first, int last) = 0;
  virtual void stamp(int slot) = 0;  // 0 or 1
  virtual DeviceStamp stamped(int slot) = 0;
  virtual void synchronise() = 0;
  virtual std::unique_ptr<DeviceGraph> capture(const std::function<void()>& launches) = 0;
};

// A kernel, copy or memset that the device ran, by the host's steady clock.
struct DeviceRecord {
  std::uint64_t id = 0;  // of the range it was launched in; 0: none
  std::uint64_t start = 0, end = 0;
  std::string name;
  std::int32_t grid[3] = {}, block[3] = {};
  std::int32_t registers = 0, shared_bytes = 0;  // per thread; per block
};

struct DeviceTraceCounts {
  std::uint64_t invalid = 0;  // records without sensible times
  std::uint64_t lost = 0;     // records that could not be kept
};

// Records of what a device ran, with the range of the host that launched it. CUPTI, or a test.
class DeviceTrace {
 public:
  virtual ~DeviceTrace() = default;
  virtual void start() = 0;  // once in a process; throws Failure with the reason
  virtual void push(std::uint64_t id) = 0;
  virtual void pop() = 0;
  virtual std::vector<DeviceRecord> take() = 0;  // what is complete; after synchronise()
  virtual DeviceTraceCounts counts() = 0;
};

}  // namespace inferbench

#include "harness/timing/device_timer.hpp"

#include <cmath>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr double kShortestForClock = 20'000;  // ns
constexpr int kMostTries = 3;

}  // namespace

// A sample that began before all of it was queued holds host time, and is taken again.
double DeviceTimer::measure(const std::function<void()>& launch) {
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    const std::uint64_t blocked_out = queue_.blocked_out();
    queue_.block();
    queue_.stamp(0);
    queue_.mark(0);
    launch();
    queue_.mark(1);
    queue_.stamp(1);
    queue_.release();
    queue_.synchronise();
    if (queue_.blocked_out() != blocked_out) continue;
    const double ns = queue_.between_ns(0, 1);
    const DeviceStamp first = queue_.stamped(0), last = queue_.stamped(1);
    if (ns >= kShortestForClock && last.global_ns > first.global_ns) {
      clocks_hz_.push_back(1e9 * static_cast<double>(last.cycles - first.cycles) /
                           static_cast<double>(last.global_ns - first.global_ns));
    }
    return ns;
  }
  throw Failure("launches take longer to queue than the device waits for them");
}

double DeviceTimer::once(const std::function<void()>& launch) {
  const double ns = measure(launch);
  total_ns_ += ns;
  return ns;
}

double DeviceTimer::replay(DeviceGraph& graph, std::int64_t launches) {
  ensure(launches >= 1, "a graph has a launch");
  const double ns = measure([&] { graph.launch(); }) / static_cast<double>(launches);
  total_ns_ += ns;
  return ns;
}

std::vector<double> DeviceTimer::take_clocks_hz() {
  return std::exchange(clocks_hz_, {});
}

Reading DeviceStopwatch::read() {
  Reading reading = host_.begin();
  reading.cpu = Duration(static_cast<Duration::rep>(std::llround(timer_.total_ns())));
  return reading;
}

}  // namespace inferbench

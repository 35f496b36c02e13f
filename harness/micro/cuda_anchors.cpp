#include "harness/micro/cuda_anchors.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/stats/bootstrap.hpp"
#include "harness/stats/percentile.hpp"
#include "kernels/cuda/bind/device_memory.hpp"
#include "kernels/cuda/bind/session.hpp"
#include "kernels/cuda/calls.h"
#include "kernels/cuda/load_module.hpp"

namespace inferbench {
namespace {

constexpr int kAnchorSamples = 60, kLaunches = 100;
constexpr double kAnchorBytes = 2e9;  // of an array, or 16 times the last cache
constexpr double kCacheShare = 0.3;   // of the last cache: half of it is far from any one reader

double anchor_median(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

class Anchors {
 public:
  explicit Anchors(CudaBench& cuda) : bench_(cuda.bench()), timer_(*bench_.timer), word_(256) {}

  std::vector<CudaAnchor> measure(const std::function<bool()>& interrupted) {
    const std::function<void()> parts[] = {[this] { memory(); }, [this] { cache(); },
                                           [this] { launches(); }, [this] { nothing(); }};
    for (const auto& part : parts) {
      if (!interrupted()) part();
    }
    return std::move(anchors_);
  }

 private:
  static std::int64_t words(double bytes) { return static_cast<std::int64_t>(bytes) / 16 * 4; }
  static std::size_t bytes_of(std::int64_t count) {
    return static_cast<std::size_t>(count) * sizeof(float);
  }
  static void launch(const char* kernel, const InferbenchCudaSweep& sweep) {
    const InferbenchCudaKernel* found = find_cuda_kernel(kernel);
    ensure(found != nullptr, "the module has its sweeps");
    cuda_check(found->launch(&sweep), kernel);
  }

  void add(const char* name, const char* unit, const char* what, double work,
           const std::function<double()>& sample) {
    CudaAnchor anchor{.name = name, .unit = unit, .what = what, .work = work, .samples_ns = {}};
    sample();  // warms up
    for (int i = 0; i < kAnchorSamples; ++i) anchor.samples_ns.push_back(sample());
    anchors_.push_back(std::move(anchor));
  }

  void memory() {
    const std::int64_t count = words(std::max(kAnchorBytes, 16 * bench_.cache_bytes));
    const DeviceMemory a = DeviceMemory::zeros(bytes_of(count)),
                       b = DeviceMemory::zeros(bytes_of(count)),
                       to = DeviceMemory::zeros(bytes_of(count));
    const auto bytes = static_cast<double>(bytes_of(count));
    // Loads the kernels: behind a blocking kernel that would wait for ever.
    const InferbenchCudaSweep little = {.a = a.data(), .b = b.data(), .to = to.data(), .count = 4};
    for (const char* kernel : {"read", "copy", "triad", "empty"}) launch(kernel, little);
    timer_.queue().synchronise();
    const auto sweep = [&](const char* kernel, void* into) {
      const InferbenchCudaSweep call = {.a = a.data(), .b = b.data(), .to = into, .count = count};
      return timer_.once([&] { launch(kernel, call); });
    };
    add("gpu_read", "GB/s", "reads memory", bytes, [&] { return sweep("read", word_.data()); });
    add("gpu_copy", "GB/s", "reads and writes memory", 2 * bytes,
        [&] { return sweep("copy", to.data()); });
    add("gpu_triad", "GB/s", "reads two arrays, writes one", 3 * bytes,
        [&] { return sweep("triad", to.data()); });
  }

  void cache() {
    const std::int64_t count = words(kCacheShare * bench_.cache_bytes);
    const DeviceMemory a = DeviceMemory::zeros(bytes_of(count));
    const InferbenchCudaSweep call = {
        .a = a.data(), .b = nullptr, .to = word_.data(), .count = count};
    const auto graph = timer_.queue().capture([&] {
      for (int i = 0; i < kLaunches; ++i) launch("read", call);
    });
    add("gpu_read_l2", "GB/s", "reads the last cache, launches included",
        static_cast<double>(bytes_of(count)), [&] { return timer_.replay(*graph, kLaunches); });
  }

  void launches() {
    const InferbenchCudaSweep none = {};
    const auto many = [&] {
      for (int i = 0; i < kLaunches; ++i) launch("empty", none);
    };
    DeviceQueue& queue = timer_.queue();
    add("launch_from_host", "us", "an empty kernel after another, as fast as the host launches",
        kLaunches, [&] {
          queue.synchronise();
          queue.mark(0);
          many();
          queue.mark(1);
          queue.synchronise();
          return queue.between_ns(0, 1);
        });
    add("launch_queued", "us", "an empty kernel after another, queued ahead", kLaunches,
        [&] { return timer_.once(many); });
    const auto graph = queue.capture(many);
    add("launch_in_graph", "us", "an empty kernel as a node of a graph", kLaunches,
        [&] { return timer_.replay(*graph, 1); });
  }

  void nothing() {
    add("event_pair", "us", "two events around nothing", 1, [&] { return timer_.once([] {}); });
  }

  DeviceBench& bench_;
  DeviceTimer& timer_;
  DeviceMemory word_;
  std::vector<CudaAnchor> anchors_;
};

}  // namespace

double CudaAnchor::of(double ns) const {
  return unit == "us" ? ns / work / 1e3 : work / ns;
}

double CudaAnchor::value() const {
  return of(anchor_median(samples_ns));
}

double CudaAnchor::low() const {
  const Interval interval = bootstrap_median(samples_ns, {});
  return std::min(of(interval.low), of(interval.high));
}

double CudaAnchor::high() const {
  const Interval interval = bootstrap_median(samples_ns, {});
  return std::max(of(interval.low), of(interval.high));
}

std::vector<CudaAnchor> cuda_anchors(CudaBench& cuda, const std::function<bool()>& interrupted) {
  return Anchors(cuda).measure(interrupted);
}

}  // namespace inferbench

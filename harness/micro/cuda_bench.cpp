#include "harness/micro/cuda_bench.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/micro/cuda_queue.hpp"
#include "harness/stats/bootstrap.hpp"
#include "harness/stats/percentile.hpp"
#include "kernels/cuda/bind/device_memory.hpp"
#include "kernels/cuda/bind/session.hpp"
#include "kernels/cuda/calls.h"
#include "kernels/cuda/load_module.hpp"

namespace inferbench {
namespace {

constexpr double kRoofBytes = 1e9;  // or 8 times the last cache
constexpr int kRoofSamples = 15;

double bandwidth_median(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

void launch(const char* kernel, const InferbenchCudaSweep& sweep) {
  const InferbenchCudaKernel* found = find_cuda_kernel(kernel);
  ensure(found != nullptr, "the module has its sweeps");
  cuda_check(found->launch(&sweep), kernel);
}

// Operations of the tensor cores per clock and multiprocessor, dense, a multiply-add as two.
// Sources: NVIDIA A100 white paper (2020), table 1 (312 TFLOP/s of 108 multiprocessors at 1.41
// GHz); NVIDIA H100 white paper (2022), table 2 (989 TFLOP/s of 132 at 1.83 GHz).
double tensor_bf16_per_clock(int sm) {
  return sm == 90 ? 4096 : sm == 80 ? 2048 : 0;
}

}  // namespace

struct CudaBench::State {
  State()
      : session(CudaSession::open()),
        queue(session.table()),
        timer(queue),
        trace(session.table()),
        word(256) {}

  CudaSession& session;
  CudaQueue queue;
  DeviceTimer timer;
  CudaTrace trace;
  DeviceMemory word, flushed;  // flushed: twice the last cache
  DeviceBench bench;

  double cache_bytes() const { return static_cast<double>(session.device().l2_bytes); }

  std::vector<double> sample(const char* kernel, const InferbenchCudaSweep& sweep, int samples) {
    launch(kernel, sweep);  // loads it: behind a blocking kernel that would wait for ever
    queue.synchronise();
    std::vector<double> times;
    while (times.size() < static_cast<std::size_t>(samples)) {
      times.push_back(timer.once([&] { launch(kernel, sweep); }));
    }
    return times;
  }

  InferbenchCudaSweep sweep_of(const DeviceMemory& a, const DeviceMemory& b, const DeviceMemory& to,
                               std::int64_t count) const {
    return {.a = a.data(),
            .b = b.data(),
            .to = to.bytes() > 0 ? to.data() : word.data(),
            .count = count};
  }

  void add_nominal(const char* probe, const char* unit, double per_clock) {
    if (per_clock <= 0) return;
    const double rate = per_clock * bench.multiprocessors * bench.nominal_clock_hz / 1e9;
    bench.roofs.push_back({.probe = probe,
                           .unit = unit,
                           .threads = 1,
                           .rate = rate,
                           .low = rate,
                           .high = rate,
                           .samples = 0,
                           .drift = 1});
  }

  void probe_roofs() {
    const auto count = static_cast<std::int64_t>(std::max(kRoofBytes, 8 * cache_bytes())) / 16 * 4;
    const DeviceMemory a = DeviceMemory::zeros(static_cast<std::size_t>(count) * sizeof(float));
    const InferbenchCudaSweep sweep = sweep_of(a, {}, {}, count);
    const std::vector<double> times = sample("read", sweep, kRoofSamples);
    const double bytes = static_cast<double>(count) * sizeof(float);
    const Interval interval = bootstrap_median(times, {});
    bench.roofs.push_back({.probe = "gpu_read",
                           .unit = "GB/s",
                           .threads = 1,
                           .rate = bytes / bandwidth_median(times),
                           .low = bytes / interval.high,
                           .high = bytes / interval.low,
                           .samples = times.size(),
                           .drift = times.back() / times.front()});
    const double bf16 = tensor_bf16_per_clock(session.device().sm);
    add_nominal("gpu_bf16_nominal", "GFLOP/s", bf16);
    add_nominal("gpu_int8_nominal", "GOP/s", 2 * bf16);
    add_nominal("gpu_fp8_nominal", "GFLOP/s", session.device().sm >= 90 ? 2 * bf16 : 0);
  }
};

CudaBench::CudaBench(bool probe_roofs) : state_(std::make_unique<State>()) {
  State& s = *state_;
  const InferbenchCudaDevice& device = s.session.device();
  s.bench = {.timer = &s.timer,
             .trace = s.session.untraceable().empty() ? &s.trace : nullptr,
             .untraceable = s.session.untraceable(),
             .flush = {},
             .cache_bytes = s.cache_bytes(),
             .name = device.name,
             .multiprocessors = device.multiprocessors,
             .nominal_clock_hz = 1e3 * device.clock_khz,
             .roofs = {}};
  const auto bytes = static_cast<std::size_t>(2 * s.cache_bytes()) / 16 * 16;
  s.flushed = DeviceMemory::zeros(bytes);
  const InferbenchCudaSweep sweep =
      s.sweep_of(s.flushed, {}, {}, static_cast<std::int64_t>(bytes / sizeof(float)));
  s.bench.flush = [sweep] { launch("read", sweep); };
  if (probe_roofs) s.probe_roofs();
}

CudaBench::~CudaBench() = default;

double CudaBench::free_bytes() const {
  std::size_t available = 0, total = 0;
  cuda_check(state_->session.table().memory(&available, &total), "asking for free memory");
  return static_cast<double>(available);
}

DeviceBench& CudaBench::bench() {
  return state_->bench;
}

}  // namespace inferbench

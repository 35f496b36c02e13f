// Reading, copying and adding arrays: the bandwidth that everything else is held against, and what
// flushes or warms caches.
#include <cuda_runtime.h>

#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/module/status.hpp"

namespace inferbench_cuda {
namespace {

constexpr int kThreads = 512, kUnrolled = 4, kBlocksPerMultiprocessor = 4;

// 16 bytes per thread and turn, `kUnrolled` of them on their way at a time. Blocks take turns over
// the array, so that what is read at a time lies together.
template <class Visit>
__device__ void walk(std::int64_t vectors, Visit visit) {
  const std::int64_t stride = std::int64_t{gridDim.x} * kThreads;
  std::int64_t at = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  for (; at + (kUnrolled - 1) * stride < vectors; at += kUnrolled * stride) {
    visit(at, stride, kUnrolled);
  }
  for (; at < vectors; at += stride) visit(at, stride, 1);
}

__global__ void __launch_bounds__(kThreads) sweep_read(InferbenchCudaSweep call) {
  const auto* a = static_cast<const float4*>(call.a);
  float4 sum = {0, 0, 0, 0};
  walk(call.count / 4, [&](std::int64_t at, std::int64_t stride, int times) {
    float4 got[kUnrolled];
#pragma unroll
    for (int i = 0; i < kUnrolled; ++i) {
      if (i < times) got[i] = __ldg(a + at + i * stride);
    }
#pragma unroll
    for (int i = 0; i < kUnrolled; ++i) {
      if (i < times) sum.x += got[i].x, sum.y += got[i].y, sum.z += got[i].z, sum.w += got[i].w;
    }
  });
  // Nothing that is summed here has these bits, but the compiler does not know it.
  const float all = sum.x + sum.y + sum.z + sum.w;
  if (__float_as_uint(all) == 0x7FC0DEADU) *static_cast<float*>(call.to) = all;
}

__global__ void __launch_bounds__(kThreads) sweep_copy(InferbenchCudaSweep call) {
  const auto* a = static_cast<const float4*>(call.a);
  auto* to = static_cast<float4*>(call.to);
  walk(call.count / 4, [&](std::int64_t at, std::int64_t stride, int times) {
    float4 got[kUnrolled];
#pragma unroll
    for (int i = 0; i < kUnrolled; ++i) {
      if (i < times) got[i] = a[at + i * stride];
    }
#pragma unroll
    for (int i = 0; i < kUnrolled; ++i) {
      if (i < times) to[at + i * stride] = got[i];
    }
  });
}

__global__ void __launch_bounds__(kThreads) sweep_triad(InferbenchCudaSweep call) {
  constexpr float kFactor = 0.4F;
  const auto* a = static_cast<const float4*>(call.a);
  const auto* b = static_cast<const float4*>(call.b);
  auto* to = static_cast<float4*>(call.to);
  walk(call.count / 4, [&](std::int64_t at, std::int64_t stride, int times) {
    float4 x[kUnrolled], y[kUnrolled];
#pragma unroll
    for (int i = 0; i < kUnrolled; ++i) {
      if (i < times) x[i] = a[at + i * stride], y[i] = b[at + i * stride];
    }
#pragma unroll
    for (int i = 0; i < kUnrolled; ++i) {
      if (i >= times) continue;
      to[at + i * stride] = {x[i].x + kFactor * y[i].x, x[i].y + kFactor * y[i].y,
                             x[i].z + kFactor * y[i].z, x[i].w + kFactor * y[i].w};
    }
  });
}

// What a launch costs when there is nothing to do.
__global__ void nothing() {}

const char* refuses(const void* call) {
  const auto& sweep = *static_cast<const InferbenchCudaSweep*>(call);
  if (sweep.count < 4 || sweep.count % 4 != 0) return "needs a multiple of 4 elements";
  return nullptr;
}

const char* refuses_nothing(const void* /*call*/) {
  return nullptr;
}

int blocks() {
  static const int count = [] {
    int device = 0, multiprocessors = 1;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    return kBlocksPerMultiprocessor * multiprocessors;
  }();
  return count;
}

template <void (*kKernel)(InferbenchCudaSweep)>
int launch(const void* call) {
  kKernel<<<blocks(), kThreads, 0, stream()>>>(*static_cast<const InferbenchCudaSweep*>(call));
  return status(cudaGetLastError(), "launching a sweep");
}

int launch_nothing(const void* /*call*/) {
  nothing<<<1, 1, 0, stream()>>>();
  return status(cudaGetLastError(), "launching an empty kernel");
}

}  // namespace

InferbenchCudaKernel read_entry() {
  return {"read",
          "sweep",
          "reads an array, 16 bytes a thread",
          80,
          sizeof(InferbenchCudaSweep),
          refuses,
          no_workspace,
          launch<sweep_read>};
}

InferbenchCudaKernel copy_entry() {
  return {"copy",  "sweep",      "copies an array", 80, sizeof(InferbenchCudaSweep),
          refuses, no_workspace, launch<sweep_copy>};
}

InferbenchCudaKernel triad_entry() {
  return {"triad", "sweep",      "to = a + 0.4 b",   80, sizeof(InferbenchCudaSweep),
          refuses, no_workspace, launch<sweep_triad>};
}

InferbenchCudaKernel empty_entry() {
  return {"empty",
          "sweep",
          "does nothing: what a launch costs",
          80,
          sizeof(InferbenchCudaSweep),
          refuses_nothing,
          no_workspace,
          launch_nothing};
}

}  // namespace inferbench_cuda

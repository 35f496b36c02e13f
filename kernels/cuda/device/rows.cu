// Operations on rows: norms, gates, rotary embedding, quantisation. One block per row; a row is
// read once and kept in registers, as far as it has at most 8,192 columns.
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/module/status.hpp"

namespace inferbench_cuda {
namespace {

constexpr int kThreads = 256, kVector = 8, kKept = 4;
constexpr int kHead = 128, kHalf = kHead / 2;

using Call = InferbenchCudaRows;

struct Values {
  float v[kVector];
};

// Eight neighbours at `at`, a multiple of 8, of an array of bf16 or fp32.
template <bool kBf16>
__device__ Values load(const void* from, std::int64_t at) {
  Values out;
  if constexpr (kBf16) {
    const uint4 raw = *reinterpret_cast<const uint4*>(static_cast<const __nv_bfloat16*>(from) + at);
    const std::uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      out.v[2 * i] = __uint_as_float(words[i] << 16U);
      out.v[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000U);
    }
  } else {
    const auto* vectors = reinterpret_cast<const float4*>(static_cast<const float*>(from) + at);
    const float4 low = vectors[0], high = vectors[1];
    out = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
  }
  return out;
}

__device__ void store(float* to, std::int64_t at, const Values& values) {
  auto* vectors = reinterpret_cast<float4*>(to + at);
  vectors[0] = {values.v[0], values.v[1], values.v[2], values.v[3]};
  vectors[1] = {values.v[4], values.v[5], values.v[6], values.v[7]};
}

struct Sum {
  __device__ static float of(float a, float b) { return a + b; }
};
struct Largest {
  __device__ static float of(float a, float b) { return fmaxf(a, b); }
};

// Over the block; every thread gets it.
template <class Combine>
__device__ float over_block(float value) {
  __shared__ float of_warp[kThreads / 32];
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) {
    value = Combine::of(value, __shfl_xor_sync(0xFFFFFFFFU, value, lane));
  }
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  value = of_warp[0];
#pragma unroll
  for (int warp = 1; warp < kThreads / 32; ++warp) value = Combine::of(value, of_warp[warp]);
  return value;
}

// Calls `visit(column, values)` for this thread's eights of a row.
template <class Make, class Visit>
__device__ void eights(std::int64_t columns, Values (&kept)[kKept], Make make, Visit visit) {
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    const std::int64_t column = (std::int64_t{i} * kThreads + threadIdx.x) * kVector;
    if (column < columns) visit(column, kept[i]);
  }
  for (std::int64_t column = (std::int64_t{kKept} * kThreads + threadIdx.x) * kVector;
       column < columns; column += kThreads * kVector) {
    visit(column, make(column));
  }
}

template <class Make>
__device__ void keep(std::int64_t columns, Values (&kept)[kKept], Make make) {
#pragma unroll
  for (int i = 0; i < kKept; ++i) {
    const std::int64_t column = (std::int64_t{i} * kThreads + threadIdx.x) * kVector;
    if (column < columns) kept[i] = make(column);
  }
}

template <bool kBf16, bool kAdd>
__global__ void __launch_bounds__(kThreads) rmsnorm(Call call) {
  const std::int64_t row = std::int64_t{blockIdx.x} * call.columns;
  const auto value = [&](std::int64_t column) {
    Values x = load<kBf16>(call.x, row + column);
    if constexpr (kAdd) {
      const Values y = load<kBf16>(call.y, row + column);
#pragma unroll
      for (int i = 0; i < kVector; ++i) x.v[i] += y.v[i];
    }
    return x;
  };
  Values kept[kKept];
  keep(call.columns, kept, value);
  float squares = 0;
  eights(call.columns, kept, value, [&](std::int64_t column, const Values& x) {
    if constexpr (kAdd) store(call.residual, row + column, x);
#pragma unroll
    for (int i = 0; i < kVector; ++i) squares += x.v[i] * x.v[i];
  });
  const float mean = over_block<Sum>(squares) / static_cast<float>(call.columns);
  const float factor = 1.0F / sqrtf(mean + call.epsilon);
  eights(call.columns, kept, value, [&](std::int64_t column, const Values& x) {
    const Values weight = load<false>(call.weight, column);
    Values out;
#pragma unroll
    for (int i = 0; i < kVector; ++i) out.v[i] = x.v[i] * factor * weight.v[i];
    store(call.out, row + column, out);
  });
}

template <bool kBf16>
__global__ void __launch_bounds__(kThreads) silu_mul(Call call) {
  const std::int64_t vectors = call.rows * call.columns / kVector;
  const std::int64_t stride = std::int64_t{gridDim.x} * kThreads;
  for (std::int64_t at = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; at < vectors;
       at += stride) {
    const Values x = load<kBf16>(call.x, at * kVector), y = load<kBf16>(call.y, at * kVector);
    Values out;
#pragma unroll
    for (int i = 0; i < kVector; ++i) out.v[i] = x.v[i] / (1.0F + expf(-x.v[i])) * y.v[i];
    store(call.out, at * kVector, out);
  }
}

// Eight pairs a thread: element i of a head with element i + 64.
template <bool kBf16>
__global__ void __launch_bounds__(kThreads) rope(Call call) {
  constexpr int kEights = kHalf / kVector;  // of a half head
  const std::int64_t all = call.rows * (call.columns / kHead) * kEights;
  const std::int64_t stride = std::int64_t{gridDim.x} * kThreads;
  for (std::int64_t at = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; at < all;
       at += stride) {
    const std::int64_t head = at / kEights, i = at % kEights * kVector;
    const std::int64_t row = head / (call.columns / kHead);
    const std::int64_t low_at = head * kHead + i;
    const Values low = load<kBf16>(call.x, low_at), high = load<kBf16>(call.x, low_at + kHalf);
    const Values c = load<false>(call.cosine, row * kHalf + i);
    const Values s = load<false>(call.sine, row * kHalf + i);
    Values out_low, out_high;
#pragma unroll
    for (int j = 0; j < kVector; ++j) {
      out_low.v[j] = low.v[j] * c.v[j] - high.v[j] * s.v[j];
      out_high.v[j] = high.v[j] * c.v[j] + low.v[j] * s.v[j];
    }
    store(call.out, low_at, out_low);
    store(call.out, low_at + kHalf, out_high);
  }
}

// The same roundings as quantise_row_int8: int8 codes are equal to the CPU's bit for bit.
struct Int8Code {
  static constexpr float kTop = 127;
  __device__ static std::uint32_t of(float x) {
    return static_cast<std::uint8_t>(static_cast<std::int8_t>(fminf(fmaxf(rintf(x), -kTop), kTop)));
  }
};
struct Fp8Code {
  static constexpr float kTop = 448;
  __device__ static std::uint32_t of(float x) {
    return __nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E4M3);
  }
};

template <class Code, bool kBf16>
__global__ void __launch_bounds__(kThreads) quantise(Call call) {
  constexpr float kNormal = 1.17549435e-38F, kMost = 3.40282347e+38F;
  const std::int64_t row = std::int64_t{blockIdx.x} * call.columns;
  const auto value = [&](std::int64_t column) { return load<kBf16>(call.x, row + column); };
  Values kept[kKept];
  keep(call.columns, kept, value);
  float largest = 0;
  eights(call.columns, kept, value, [&](std::int64_t /*column*/, const Values& x) {
#pragma unroll
    for (int i = 0; i < kVector; ++i) largest = fmaxf(largest, fabsf(x.v[i]));
  });
  largest = over_block<Largest>(largest);
  const bool zero = largest < kNormal;
  const float to_code = zero ? 0.0F : fminf(__fdiv_rn(Code::kTop, largest), kMost);
  if (threadIdx.x == 0) {
    call.scale[blockIdx.x] = zero ? 0.0F : __fdiv_rn(largest, Code::kTop);
  }
  eights(call.columns, kept, value, [&](std::int64_t column, const Values& x) {
    std::uint32_t words[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const std::uint32_t code = zero ? 0U : Code::of(__fmul_rn(x.v[i], to_code));
      words[i / 4] |= (code & 0xFFU) << (8 * (i % 4));
    }
    *reinterpret_cast<uint2*>(static_cast<std::uint8_t*>(call.codes) + row + column) = {words[0],
                                                                                        words[1]};
  });
}

constexpr std::int64_t kMostRows = 2147483647;

const char* refuses_rows(const void* call) {
  const auto& rows = *static_cast<const Call*>(call);
  if (rows.columns % kVector != 0) return "needs columns that are a multiple of 8";
  if (rows.rows > kMostRows) return "needs fewer rows";
  return nullptr;
}

const char* refuses_heads(const void* call) {
  const auto& rows = *static_cast<const Call*>(call);
  return rows.columns % kHead != 0 ? "needs heads of 128" : nullptr;
}

using Kernel = void (*)(Call);

int launch_grid(const Call& call, std::int64_t blocks, Kernel bf16, Kernel fp32) {
  const Kernel kernel = call.bf16 != 0 ? bf16 : fp32;
  kernel<<<static_cast<unsigned>(blocks), kThreads, 0, stream()>>>(call);
  return status(cudaGetLastError(), "launching an operation on rows");
}

template <Kernel kBf16, Kernel kFp32>
int launch_rows(const void* call) {
  const auto& rows = *static_cast<const Call*>(call);
  return launch_grid(rows, rows.rows, kBf16, kFp32);
}

// Blocks of 256 threads, `elements` a thread; beyond so many each takes several turns.
template <Kernel kBf16, Kernel kFp32, int kElements>
int launch_elements(const void* call) {
  constexpr std::int64_t kMostBlocks = 132 * 32;
  const auto& rows = *static_cast<const Call*>(call);
  const std::int64_t wanted =
      (rows.rows * rows.columns + kThreads * kElements - 1) / (kThreads * kElements);
  return launch_grid(rows, wanted < kMostBlocks ? wanted : kMostBlocks, kBf16, kFp32);
}

InferbenchCudaKernel entry(const char* name, const char* summary,
                           const char* (*refuses)(const void*), int (*launch)(const void*)) {
  return {name, name, summary, 80, sizeof(Call), refuses, no_workspace, launch};
}

}  // namespace

InferbenchCudaKernel rmsnorm_entry() {
  return entry("rmsnorm", "a block per row, one read", refuses_rows,
               launch_rows<rmsnorm<true, false>, rmsnorm<false, false>>);
}

InferbenchCudaKernel add_rmsnorm_entry() {
  return entry("add_rmsnorm", "a block per row, one read", refuses_rows,
               launch_rows<rmsnorm<true, true>, rmsnorm<false, true>>);
}

InferbenchCudaKernel silu_mul_entry() {
  return entry("silu_mul", "8 elements a thread", refuses_rows,
               launch_elements<silu_mul<true>, silu_mul<false>, kVector>);
}

InferbenchCudaKernel rope_entry() {
  return entry("rope", "8 pairs a thread", refuses_heads,
               launch_elements<rope<true>, rope<false>, 2 * kVector>);
}

InferbenchCudaKernel quant_int8_entry() {
  return entry("quant_int8", "a block per row, one read", refuses_rows,
               launch_rows<quantise<Int8Code, true>, quantise<Int8Code, false>>);
}

InferbenchCudaKernel quant_fp8_entry() {
  return entry("quant_fp8", "a block per row, one read", refuses_rows,
               launch_rows<quantise<Fp8Code, true>, quantise<Fp8Code, false>>);
}

}  // namespace inferbench_cuda

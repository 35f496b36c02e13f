#pragma once

// What a decoder's step does between its GEMMs and attention, a row of the batch at a time: one
// block per row, kRowThreads threads. Widths are multiples of 8.
//
// The residual stream is fp32, what GEMMs read is bf16.

#include "kernels/cuda/simt/simt.cuh"
#include "kernels/cuda/step/step_calls.hpp"

namespace inferbench::cuda_step {

constexpr int kRowThreads = 256;

struct RowShared {
  float of_warp[kRowThreads / 32];
};

// Over the block; all threads get it.
SIMT_DEVICE float block_sum(float value) {
  RowShared& shared = simt::shared<RowShared>();
  SIMT_UNROLL
  for (int mask = 16; mask > 0; mask /= 2) value += simt::shuffle_xor(value, mask);
  if (threadIdx.x % 32 == 0) shared.of_warp[threadIdx.x / 32] = value;
  simt::barrier();
  float sum = 0;
  SIMT_UNROLL
  for (int warp = 0; warp < kRowThreads / 32; ++warp) sum += shared.of_warp[warp];
  return sum;
}

SIMT_DEVICE void load_floats(const float* from, float (&to)[4]) {
  const simt::Words4 words = simt::load16(from);
  SIMT_UNROLL
  for (int i = 0; i < 4; ++i) to[i] = simt::as_float(words.w[i]);
}
SIMT_DEVICE void store_floats(float* to, const float (&from)[4]) {
  simt::Words4 words;
  SIMT_UNROLL
  for (int i = 0; i < 4; ++i) words.w[i] = simt::as_bits(from[i]);
  simt::store16(to, words);
}
SIMT_DEVICE void store_bf16(uint16_t* to, const float (&from)[4]) {
  simt::store8(to, {{simt::pack_bf16(from[0], from[1]), simt::pack_bf16(from[2], from[3])}});
}

// Calls visit(column) for this thread's fours of a row.
template <class Visit>
SIMT_DEVICE void fours(int64_t width, Visit visit) {
  for (int64_t c = static_cast<int64_t>(threadIdx.x) * 4; c < width;
       c += int64_t{kRowThreads} * 4) {
    visit(c);
  }
}

SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(kRowThreads, 4) add_norm(NormCall call) {
  const int64_t row = blockIdx.x;
  const int64_t from = call.which == nullptr ? row : call.which[row];
  float* const residual = call.residual + from * call.width;
  float squares = 0;
  fours(call.width, [&](int64_t c) {
    float x[4];
    if (call.tokens != nullptr) {
      const simt::Words2 pairs = simt::load8(call.table + call.tokens[row] * call.width + c);
      SIMT_UNROLL
      for (int i = 0; i < 2; ++i) {
        x[2 * i] = simt::bf16_low(pairs.w[i]);
        x[2 * i + 1] = simt::bf16_high(pairs.w[i]);
      }
    } else {
      float y[4];
      load_floats(residual + c, x);
      load_floats(call.added + from * call.width + c, y);
      SIMT_UNROLL
      for (int i = 0; i < 4; ++i) x[i] += y[i];
    }
    store_floats(residual + c, x);
    SIMT_UNROLL
    for (int i = 0; i < 4; ++i) squares += x[i] * x[i];
  });
  const float mean = block_sum(squares) / static_cast<float>(call.width);
  const float factor = simt::reciprocal_sqrt(mean + call.epsilon);
  fours(call.width, [&](int64_t c) {
    float x[4], weight[4];
    load_floats(residual + c, x);
    load_floats(call.weight + c, weight);
    SIMT_UNROLL
    for (int i = 0; i < 4; ++i) x[i] *= factor * weight[i];
    store_bf16(call.normed + row * call.width + c, x);
  });
}

// A pair of pairs: elements i, i + 1 and those half a head on.
SIMT_DEVICE void rotate_two(const RotateCall& call, const float* from, const float* bias,
                            const float* angles, int64_t i, uint16_t* to) {
  const int64_t half = call.head_dim / 2;
  float low[2], high[2];
  SIMT_UNROLL
  for (int j = 0; j < 2; ++j) {
    float a = from[i + j], b = from[half + i + j];
    if (bias != nullptr) {
      a += bias[i + j];
      b += bias[half + i + j];
    }
    const float cosine = angles[i + j], sine = angles[half + i + j];
    low[j] = a * cosine - b * sine;
    high[j] = b * cosine + a * sine;
  }
  *reinterpret_cast<uint32_t*>(to + i) = simt::pack_bf16(low[0], low[1]);
  *reinterpret_cast<uint32_t*>(to + half + i) = simt::pack_bf16(high[0], high[1]);
}

SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(kRowThreads, 4) rotate_and_cache(RotateCall call) {
  const int64_t token = blockIdx.x, dim = call.head_dim, half = dim / 2;
  const int64_t width = (call.heads + 2 * call.kv_heads) * dim;
  const float* const row = call.qkv + token * width;
  const float* const angles = call.angles + call.position[token] * dim;
  const int64_t slot = call.slot[token];
  const auto page = [&](int64_t head) {
    return ((slot / 16 * call.kv_heads + head) * 16 + slot % 16) * dim;
  };
  const int64_t rotated = (call.heads + call.kv_heads) * half / 2;
  for (int64_t at = threadIdx.x; at < rotated; at += kRowThreads) {
    const int64_t head = at / (half / 2), i = at % (half / 2) * 2;
    uint16_t* const to = head < call.heads ? call.q + (token * call.heads + head) * dim
                                           : call.keys + page(head - call.heads);
    rotate_two(call, row + head * dim, call.bias == nullptr ? nullptr : call.bias + head * dim,
               angles, i, to);
  }
  const int64_t first = (call.heads + call.kv_heads) * dim;
  for (int64_t at = int64_t{threadIdx.x} * 2; at < call.kv_heads * dim; at += kRowThreads * 2) {
    float x[2] = {row[first + at], row[first + at + 1]};
    if (call.bias != nullptr) {
      x[0] += call.bias[first + at];
      x[1] += call.bias[first + at + 1];
    }
    *reinterpret_cast<uint32_t*>(call.values + page(at / dim) + at % dim) =
        simt::pack_bf16(x[0], x[1]);
  }
}

SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(kRowThreads, 4) activate(ActivateCall call) {
  const int64_t row = blockIdx.x;
  const float* const in = call.in + row * call.width * (call.gated != 0 ? 2 : 1);
  fours(call.width, [&](int64_t c) {
    float x[4];
    load_floats(in + c, x);
    if (call.gated != 0) {
      float up[4];
      load_floats(in + call.width + c, up);
      SIMT_UNROLL
      for (int i = 0; i < 4; ++i) {
        x[i] = simt::divide(x[i], 1.0F + simt::exp_precise(-x[i])) * up[i];
      }
    }
    store_bf16(call.out + row * call.width + c, x);
  });
}

}  // namespace inferbench::cuda_step

#pragma once

// Results of parts of a context, put together.

#include "kernels/cuda/attention/paged.cuh"

namespace inferbench::cuda_attention {

// Four results of a row from `parts` of them that lie `stride` apart, with their largest scores and
// sums, which lie `state_stride` apart: their sum, in order, and the largest score and sum of all.
struct Combined {
  float out[4] = {0, 0, 0, 0};
  float largest = kMinusInfinity, sum = 0;

  SIMT_DEVICE Combined(int parts, const float* of, int stride, const float* largest_of,
                       const float* sum_of, int state_stride, float factor) {
    for (int i = 0; i < parts; ++i) largest = fmaxf(largest, largest_of[i * state_stride]);
    const float base = largest == kMinusInfinity ? 0.0F : largest;
    for (int i = 0; i < parts; ++i) {
      const float weight = simt::exp2_fast((largest_of[i * state_stride] - base) * factor);
      sum += weight * sum_of[i * state_stride];
      const simt::Words4 four = simt::load16(of + static_cast<int64_t>(i) * stride);
      SIMT_UNROLL for (int j = 0; j < 4; ++j) out[j] += weight * simt::as_float(four.w[j]);
    }
  }
  SIMT_DEVICE void store(float* to, float factor) const {
    simt::Words4 words;
    SIMT_UNROLL for (int j = 0; j < 4; ++j) words.w[j] = simt::as_bits(out[j] * factor);
    simt::store16(to, words);
  }
};

}  // namespace inferbench::cuda_attention

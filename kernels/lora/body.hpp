#pragma once

// Shrink and expand for the Vec of the file that includes this.

#include <algorithm>

#include "kernels/cpu/convert.hpp"
#include "kernels/lora/kernels.hpp"

namespace inferbench {
namespace {

template <int kRows>
INFERBENCH_TARGET void dots_of(const std::uint16_t* a, const float* const* in, std::int64_t k,
                               float* dots) {
  // Two chains of sums for each row hide the latency of an addition.
  Vec::F sums[kRows][2];
  for (auto& row : sums) row[0] = row[1] = Vec::zero();
  std::int64_t i = 0;
  for (; i + 2 * Vec::kLanes <= k; i += 2 * Vec::kLanes) {
    const Vec::F low = Vec::load_bf16(a + i), high = Vec::load_bf16(a + i + Vec::kLanes);
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      sums[r][0] = Vec::fma(low, Vec::load(in[r] + i), sums[r][0]);
      sums[r][1] = Vec::fma(high, Vec::load(in[r] + i + Vec::kLanes), sums[r][1]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    dots[r] = Vec::sum(Vec::add(sums[r][0], sums[r][1]));
    for (std::int64_t j = i; j < k; ++j) dots[r] += bf16_to_float(a[j]) * in[r][j];
  }
}

INFERBENCH_TARGET void dots(const std::uint16_t* a, const float* const* in, int rows,
                            std::int64_t k, float* out) {
  switch (rows) {
    case 1:
      return dots_of<1>(a, in, k, out);
    case 2:
      return dots_of<2>(a, in, k, out);
    case 3:
      return dots_of<3>(a, in, k, out);
    default:
      return dots_of<4>(a, in, k, out);
  }
}

// Columns by blocks: their sums stay in registers while all ranks pass by.
template <int kRows>
INFERBENCH_TARGET void expand_rows(const std::uint16_t* b, std::int64_t rank, std::int64_t stride,
                                   const float* const* factor, float* const* out, std::int64_t n) {
  constexpr std::int64_t kBlock = 4 * Vec::kLanes;
  std::int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    Vec::F sums[kRows][4];
    for (auto& row : sums) row[0] = row[1] = row[2] = row[3] = Vec::zero();
    for (std::int64_t j = 0; j < rank; ++j) {
      INFERBENCH_UNROLL
      for (int v = 0; v < 4; ++v) {
        const Vec::F w = Vec::load_bf16(b + j * stride + i + v * Vec::kLanes);
        INFERBENCH_UNROLL
        for (int r = 0; r < kRows; ++r) {
          sums[r][v] = Vec::fma(w, Vec::set1(factor[r][j]), sums[r][v]);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < 4; ++v) {
        float* to = out[r] + i + v * Vec::kLanes;
        Vec::store(to, Vec::add(Vec::load(to), sums[r][v]));
      }
    }
  }
  for (; i < n; ++i) {
    for (int r = 0; r < kRows; ++r) {
      float sum = 0;
      for (std::int64_t j = 0; j < rank; ++j) {
        sum += bf16_to_float(b[j * stride + i]) * factor[r][j];
      }
      out[r][i] += sum;
    }
  }
}

INFERBENCH_TARGET void expand(const std::uint16_t* b, std::int64_t rank, std::int64_t stride,
                              const float* const* factor, float* const* out, int rows,
                              std::int64_t n) {
  switch (rows) {
    case 1:
      return expand_rows<1>(b, rank, stride, factor, out, n);
    case 2:
      return expand_rows<2>(b, rank, stride, factor, out, n);
    case 3:
      return expand_rows<3>(b, rank, stride, factor, out, n);
    default:
      return expand_rows<4>(b, rank, stride, factor, out, n);
  }
}

constexpr LoraKernels kKernels = {.dots = dots, .expand = expand};

}  // namespace
}  // namespace inferbench

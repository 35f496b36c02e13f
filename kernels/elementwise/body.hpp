#pragma once

// Row kernels for the Vec of the file that includes this. Any length: what is left of a row goes
// through a vector of its own.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/elementwise/kernels.hpp"

namespace inferbench {
namespace {

struct F32In {
  using T = float;
  INFERBENCH_TARGET INFERBENCH_INLINE static Vec::F load(const T* p) { return Vec::load(p); }
};
struct Bf16In {
  using T = std::uint16_t;
  INFERBENCH_TARGET INFERBENCH_INLINE static Vec::F load(const T* p) { return Vec::load_bf16(p); }
};

// Elements [i, i + lanes) of a row of n; beyond the row: `fill`, in the input's type.
template <class In>
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F get(const void* row, std::int64_t i, std::int64_t n,
                                               typename In::T fill = {}) {
  const auto* p = static_cast<const typename In::T*>(row) + i;
  if (i + Vec::kLanes <= n) return In::load(p);
  typename In::T part[Vec::kLanes];
  std::fill_n(part, Vec::kLanes, fill);
  std::copy_n(p, n - i, part);
  return In::load(part);
}

INFERBENCH_TARGET INFERBENCH_INLINE void put(float* row, std::int64_t i, std::int64_t n, Vec::F x) {
  if (i + Vec::kLanes <= n) return Vec::store(row + i, x);
  float part[Vec::kLanes];
  Vec::store(part, x);
  std::copy_n(part, n - i, row + i);
}

// Lanes beyond the row are 0.
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F inside(Vec::F x, std::int64_t i, std::int64_t n) {
  if (i + Vec::kLanes <= n) return x;
  float part[Vec::kLanes];
  Vec::store(part, x);
  std::fill(part + (n - i), part + Vec::kLanes, 0.0F);
  return Vec::load(part);
}

template <class In, bool kAdd>
INFERBENCH_TARGET void rmsnorm(const RowCall& c) {
  Vec::F squares = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    Vec::F x = get<In>(c.x, i, c.n);
    if constexpr (kAdd) {
      x = Vec::add(x, get<In>(c.y, i, c.n));
      put(c.residual, i, c.n, x);
    }
    squares = Vec::fma(x, x, squares);
  }
  const float mean = Vec::sum(squares) / static_cast<float>(c.n);
  const Vec::F factor = Vec::set1(1.0F / std::sqrt(mean + kNormEpsilon));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F x = kAdd ? get<F32In>(c.residual, i, c.n) : get<In>(c.x, i, c.n);
    put(c.out, i, c.n, Vec::mul(Vec::mul(x, factor), get<F32In>(c.weight, i, c.n)));
  }
}

template <class In>
INFERBENCH_TARGET void layernorm(const RowCall& c) {
  Vec::F total = Vec::zero(), squares = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) total = Vec::add(total, get<In>(c.x, i, c.n));
  const Vec::F mean = Vec::set1(Vec::sum(total) / static_cast<float>(c.n));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F d = inside(Vec::sub(get<In>(c.x, i, c.n), mean), i, c.n);
    squares = Vec::fma(d, d, squares);
  }
  const float variance = Vec::sum(squares) / static_cast<float>(c.n);
  const Vec::F factor = Vec::set1(1.0F / std::sqrt(variance + kNormEpsilon));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F x = Vec::mul(Vec::sub(get<In>(c.x, i, c.n), mean), factor);
    put(c.out, i, c.n, Vec::fma(x, get<F32In>(c.weight, i, c.n), get<F32In>(c.bias, i, c.n)));
  }
}

template <class In>
INFERBENCH_TARGET void silu_mul(const RowCall& c) {
  const Vec::F least = Vec::set1(-87.0F), one = Vec::set1(1.0F);
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F x = get<In>(c.x, i, c.n);
    const Vec::F e = exp(Vec::sub(Vec::zero(), Vec::max(x, least)));
    const Vec::F silu = Vec::keep_from(Vec::div(x, Vec::add(one, e)), x, least);
    put(c.out, i, c.n, Vec::mul(silu, get<In>(c.y, i, c.n)));
  }
}

// n is a multiple of a head, and half of one a multiple of a vector.
template <class In>
INFERBENCH_TARGET void rope(const RowCall& c) {
  constexpr std::int64_t kHalf = kRopeHead / 2;
  for (std::int64_t head = 0; head < c.n; head += kRopeHead) {
    for (std::int64_t i = 0; i < kHalf; i += Vec::kLanes) {
      const Vec::F low = get<In>(c.x, head + i, c.n), high = get<In>(c.x, head + kHalf + i, c.n);
      const Vec::F cosine = Vec::load(c.weight + i), sine = Vec::load(c.bias + i);
      Vec::store(c.out + head + i, Vec::sub(Vec::mul(low, cosine), Vec::mul(high, sine)));
      Vec::store(c.out + head + kHalf + i, Vec::fma(high, cosine, Vec::mul(low, sine)));
    }
  }
}

// Minus infinity, as a row's padding.
template <class In>
constexpr typename In::T lowest() {
  if constexpr (std::is_same_v<typename In::T, float>) {
    return -HUGE_VALF;
  } else {
    return 0xFF80;
  }
}

template <class In>
INFERBENCH_TARGET void softmax(const RowCall& c) {
  Vec::F most = Vec::set1(-HUGE_VALF), total = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    most = Vec::max(most, get<In>(c.x, i, c.n, lowest<In>()));
  }
  const Vec::F largest = Vec::set1(Vec::largest(most));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F e = exp(Vec::sub(get<In>(c.x, i, c.n, lowest<In>()), largest));
    total = Vec::add(total, e);
    put(c.out, i, c.n, e);
  }
  const Vec::F factor = Vec::set1(1.0F / Vec::sum(total));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    put(c.out, i, c.n, Vec::mul(get<F32In>(c.out, i, c.n), factor));
  }
}

// The largest value block by block; only the block that has it first is searched for its place.
template <class In>
INFERBENCH_TARGET void argmax(const RowCall& c) {
  constexpr std::int64_t kBlock = 1024;
  float best = -HUGE_VALF;
  std::int64_t block = 0;
  for (std::int64_t from = 0; from < c.n; from += kBlock) {
    const std::int64_t end = std::min(c.n, from + kBlock);
    Vec::F most = Vec::set1(-HUGE_VALF);
    for (std::int64_t i = from; i < end; i += Vec::kLanes) {
      most = Vec::max(most, get<In>(c.x, i, end, lowest<In>()));
    }
    const float largest = Vec::largest(most);
    if (largest > best) best = largest, block = from;
  }
  std::int64_t at = block;
  for (; at + 1 < c.n; ++at) {
    float lane[Vec::kLanes];
    Vec::store(lane, get<In>(c.x, at, std::min(c.n, at + 1)));
    if (lane[0] == best) break;
  }
  c.out[0] = static_cast<float>(at);
}

template <class In>
RowKernel pick(RowOp op) {
  switch (op) {
    case RowOp::rmsnorm:
      return rmsnorm<In, false>;
    case RowOp::add_rmsnorm:
      return rmsnorm<In, true>;
    case RowOp::layernorm:
      return layernorm<In>;
    case RowOp::silu_mul:
      return silu_mul<In>;
    case RowOp::rope:
      return rope<In>;
    case RowOp::softmax:
      return softmax<In>;
    case RowOp::argmax:
      return argmax<In>;
  }
  return nullptr;
}

}  // namespace
}  // namespace inferbench

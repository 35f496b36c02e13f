#include "kernels/cuda/gemm/skinny_packing.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

SkinnyPacked empty(SkinnyWeights type, std::int64_t n, std::int64_t k, int bits) {
  ensure(n >= 1 && k >= kSkinnyDepth && k % kSkinnyDepth == 0, "k in steps of 64");
  SkinnyPacked p;
  p.type = type;
  p.n = n;
  p.padded_n = (n + kSkinnyColumns - 1) / kSkinnyColumns * kSkinnyColumns;
  p.k = k;
  p.words.resize(at(p.padded_n * k * bits / 32));
  return p;
}

// Calls body(register, half, row, column) for what a lane holds of a 16 x 16 operand: registers of
// two elements, one after the other in k.
template <class Body>
void for_fragment(std::int64_t lane, Body body) {
  const std::int64_t g = lane / 4, t = lane % 4;
  for (std::int64_t r = 0; r < 4; ++r) {
    for (std::int64_t half = 0; half < 2; ++half) {
      body(r, half, g + 8 * (r % 2), 2 * t + 8 * (r / 2) + half);
    }
  }
}

// Sets the words of every lane of every 16 x 64 piece: set(lane's words, first row, first k, lane).
template <class Set>
void for_lanes(SkinnyPacked& p, std::int64_t words_per_lane, Set set) {
  const std::int64_t parts = words_per_lane / 4;
  for (std::int64_t row = 0; row < p.padded_n; row += 16) {
    for (std::int64_t k = 0; k < p.k; k += kSkinnyDepth) {
      std::uint32_t* piece = p.words.data() + at((row / 16 * (p.k / 64) + k / 64) * parts * 128);
      for (std::int64_t part = 0; part < parts; ++part) {
        for (std::int64_t lane = 0; lane < 32; ++lane) {
          set(piece + (part * 32 + lane) * 4, row, k + part * (64 / parts), lane);
        }
      }
    }
  }
}

}  // namespace

SkinnyPacked pack_skinny(const QuantisedInt8& weights) {
  SkinnyPacked p = empty(SkinnyWeights::int8, weights.rows, weights.k, 8);
  for_lanes(p, 8, [&](std::uint32_t* to, std::int64_t row, std::int64_t from, std::int64_t lane) {
    for (std::int64_t piece = 0; piece < 2; ++piece) {  // 16 k each, two words
      for_fragment(lane, [&](std::int64_t r, std::int64_t half, std::int64_t i, std::int64_t j) {
        if (row + i >= p.n) return;
        const auto byte =
            static_cast<std::uint8_t>(weights.values[at((row + i) * p.k + from + piece * 16 + j)]);
        to[2 * piece + r / 2] |= static_cast<std::uint32_t>(byte) << (16 * (r % 2) + 8 * half);
      });
    }
  });
  p.channel_scale.resize(at(p.padded_n), 1.0F);
  std::copy(weights.scale.begin(), weights.scale.end(), p.channel_scale.begin());
  return p;
}

SkinnyPacked pack_skinny(const QuantisedInt4& weights) {
  ensure(weights.group == 64 || weights.group == 128, "groups of 64 or 128");
  SkinnyPacked p = empty(SkinnyWeights::int4, weights.rows, weights.k, 4);
  ensure(weights.k % weights.group == 0, "whole groups");
  p.group = weights.group;
  const std::int64_t groups = weights.groups();
  const auto group_of = [&](std::int64_t row, std::int64_t k) {
    return at(row * groups + k / weights.group);
  };
  for_lanes(p, 4, [&](std::uint32_t* to, std::int64_t row, std::int64_t from, std::int64_t lane) {
    for (std::int64_t piece = 0; piece < 4; ++piece) {  // 16 k each, a word
      for_fragment(lane, [&](std::int64_t r, std::int64_t half, std::int64_t i, std::int64_t j) {
        const std::int64_t k = from + piece * 16 + j;
        std::uint32_t code = 8;
        if (row + i < p.n && weights.scale[group_of(row + i, k)] != 0) {
          code = weights.values[at((row + i) * p.k + k)];
        }
        to[piece] |= code << (4 * r + 16 * half);
      });
    }
  });
  p.group_scale.resize(at(groups * p.padded_n), float_to_fp16(1.0F));
  p.group_zero.resize(at(groups * p.padded_n), 8);
  for (std::int64_t row = 0; row < p.n; ++row) {
    for (std::int64_t g = 0; g < groups; ++g) {
      const float scale = weights.scale[at(row * groups + g)];
      if (scale == 0) continue;
      p.group_scale[at(g * p.padded_n + row)] = float_to_fp16(scale);
      if (!weights.zero.empty()) {
        p.group_zero[at(g * p.padded_n + row)] = weights.zero[at(row * groups + g)];
      }
    }
  }
  return p;
}

}  // namespace inferbench

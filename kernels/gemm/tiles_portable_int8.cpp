#include <algorithm>
#include <utility>

#include "kernels/cpu/convert.hpp"
#include "kernels/gemm/tiles.hpp"

// Exact integer sums in plain loops, in the form that compilers turn into multiply-add pairs.
namespace inferbench {
namespace {

constexpr int kWidth = 8, kRows = 4;
constexpr int kUnit = 64;        // k of one column that lie together, int8 by int8
constexpr int kMostGroup = 128;  // k per scale, int4

template <class Weight, class In>
int dot(const Weight* w, const In* in, std::int64_t k) {
  int sum = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    sum += static_cast<std::int16_t>(w[i]) * static_cast<std::int16_t>(in[i]);
  }
  return sum;
}

// 32 bit sums wrap, so the result is exact whenever it fits.
template <std::size_t kTileRows>
void tile_int8(const TileCall& t) {
  for (std::size_t r = 0; r < kTileRows; ++r) {
    const auto* in = reinterpret_cast<const std::int16_t*>(t.in + r * t.in_stride);
    float* out = t.out + static_cast<std::int64_t>(r) * t.out_stride;
    for (int c = 0; c < kWidth; ++c) {
      const auto* w = reinterpret_cast<const std::int8_t*>(t.weights) + c * kUnit;
      int sum = 0;
      for (std::int64_t k = 0; k < t.k; k += kUnit) sum += dot(w + k * kWidth, in + k, kUnit);
      out[c] = static_cast<float>(sum);
    }
  }
}

// One group of a column, unpacked for all rows of a tile.
void unpack(const std::byte* words, std::int64_t k, std::int16_t* to) {
  for (std::int64_t at = 0; at < k; at += 8, words += kWidth * 4) {
    for (int i = 0; i < 4; ++i) {
      to[at + i] = std::to_integer<std::int16_t>(words[i] & std::byte{15});
      to[at + 4 + i] = std::to_integer<std::int16_t>(words[i] >> 4);
    }
  }
}

template <std::size_t kTileRows>
void tile_int4(const TileCall& t) {
  std::int16_t codes[kMostGroup];
  for (std::int64_t from = 0, g = 0; from < t.k; from += t.group, ++g) {
    const std::int64_t size = std::min<std::int64_t>(t.group, t.k - from);
    for (int c = 0; c < kWidth; ++c) {
      unpack(t.weights + from / 2 * kWidth + 4 * c, size, codes);
      const float scale = fp16_to_float(t.scales[g * kWidth + c]);
      const auto zero = static_cast<float>(t.zeros[g * kWidth + c]);
      for (std::size_t r = 0; r < kTileRows; ++r) {
        const auto* in = reinterpret_cast<const std::int8_t*>(t.in + r * t.in_stride) + from;
        const float row_sum = t.row_sums[r * t.row_groups + static_cast<std::size_t>(g)];
        const float part = static_cast<float>(dot(codes, in, size)) - zero * row_sum;
        float& out = t.out[static_cast<std::int64_t>(r) * t.out_stride + c];
        out = (g > 0 ? out : 0.0F) + scale * part;
      }
    }
  }
}

template <std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>, bool int4) {
  TileSet set{.width = kWidth, .unit = int4 ? 8 : kUnit, .most_rows = kRows};
  set.activations = int4 ? TileSet::Activations::s8 : TileSet::Activations::s16;
  set.whole_k = true;
  ((set.panels[kIndex + 1] = 1), ...);
  ((set.one[kIndex + 1] = int4 ? tile_int4<kIndex + 1> : tile_int8<kIndex + 1>), ...);
  set.wide = set.one;
  return set;
}

}  // namespace

const TileSet& tiles_int8_portable() {
  static const TileSet set = make_tiles(std::make_index_sequence<kRows>(), false);
  return set;
}

const TileSet& tiles_int4_int8_portable() {
  static const TileSet set = make_tiles(std::make_index_sequence<kRows>(), true);
  return set;
}

}  // namespace inferbench

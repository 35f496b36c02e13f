#include <utility>

#include "kernels/cpu/vector_portable.hpp"
// Their order matters: each uses what those before it define.
#include "kernels/cpu/vector_math.hpp"
//
#include "kernels/attention/body_pages.hpp"
#include "kernels/attention/body_tiles.hpp"

namespace inferbench {
namespace {

// A panel of 16 columns, as wide as a page is long: eight sums, four weights and one input fit 16
// registers.
constexpr int kTileVectors = 4, kTileRows = 2;

// Each sum is one chain in the order of k, continued from `out`.
template <int kRows>
void tile(const TileCall& t) {
  Vec::F sum[kRows][kTileVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kTileVectors; ++v) {
      sum[r][v] =
          t.accumulate ? Vec::load(t.out + r * t.out_stride + v * Vec::kLanes) : Vec::zero();
    }
  }
  const auto* weights = reinterpret_cast<const float*>(t.weights);
  for (std::int64_t k = 0; k < t.k; ++k) {
    Vec::F w[kTileVectors];
    for (int v = 0; v < kTileVectors; ++v) w[v] = Vec::load(weights + v * Vec::kLanes);
    for (int r = 0; r < kRows; ++r) {
      const auto* in =
          reinterpret_cast<const float*>(t.in + static_cast<std::size_t>(r) * t.in_stride);
      const Vec::F a = Vec::set1(in[k]);
      for (int v = 0; v < kTileVectors; ++v) sum[r][v] = Vec::fma(a, w[v], sum[r][v]);
    }
    weights += kTileVectors * Vec::kLanes;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kTileVectors; ++v) {
      Vec::store(t.out + r * t.out_stride + v * Vec::kLanes, sum[r][v]);
    }
  }
}

template <std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>) {
  TileSet set{.width = kTileVectors * Vec::kLanes, .unit = 1, .most_rows = kTileRows};
  ((set.panels[kIndex + 1] = 1), ...);
  ((set.wide[kIndex + 1] = tile<kIndex + 1>), ...);
  ((set.one[kIndex + 1] = tile<kIndex + 1>), ...);
  return set;
}

const TileSet& tiles_portable() {
  static const TileSet set = make_tiles(std::make_index_sequence<kTileRows>());
  return set;
}

}  // namespace

const AttentionKernels& attention_kernels_portable() {
  static const AttentionKernels kernels = {.pages = pick_pages,
                                           .widen = pick_widen,
                                           .narrow = pick_narrow,
                                           .transpose = transpose_page,
                                           .softmax = row_softmax,
                                           .scale = scale_row,
                                           .tiles = tiles_portable};
  return kernels;
}

const AttentionKernels& attention_kernels(Isa isa) {
  if (isa >= Isa::avx512) return attention_kernels_avx512();
  return isa >= Isa::avx2 ? attention_kernels_avx2() : attention_kernels_portable();
}

}  // namespace inferbench

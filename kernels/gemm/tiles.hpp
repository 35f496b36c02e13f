#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/features.hpp"
#include "kernels/gemm/format.hpp"

namespace inferbench {

// One tile of an output: some rows by `panels` x width columns, over a block of k.
//
// Weights lie in panels of `width` columns: [panel][k / unit][width][unit], so that the columns a
// tile needs next lie side by side. Activations lie row by row. `unit` consecutive k of one column
// are kept together where an instruction multiplies that many at once.
struct TileCall {
  const std::byte* in = nullptr;  // first row, at the block's first k
  std::size_t in_stride = 0;      // bytes between rows
  const std::byte* weights = nullptr;
  std::size_t panel_bytes = 0;  // between panels
  std::int64_t k = 0;           // of the block, a multiple of unit
  float* out = nullptr;
  std::int64_t out_stride = 0;  // elements between rows
  bool accumulate = false;      // add to what `out` holds

  // int8 activations made unsigned: what each column's sum starts from. [panel][width]
  const std::int32_t* start = nullptr;

  // int4: of the block's first group. [panel][group][width]
  int group = 0;                          // k per scale
  const std::uint16_t* scales = nullptr;  // fp16
  const std::int8_t* zeros = nullptr;
  std::size_t group_panel = 0;      // elements between panels
  const float* row_sums = nullptr;  // of the activations per group: [row][group]
  std::size_t row_groups = 0;       // elements between rows

  const std::byte* block_scales = nullptr;  // coded: of the block's first group, as `scales`
};

using TileKernel = void (*)(const TileCall&);

inline constexpr int kMostTileRows = 14;

// The tiles of one instruction set and one pair of element types.
struct TileSet {
  int width = 0;      // columns of a panel
  int unit = 1;       // k kept together
  int most_rows = 0;  // of a tile
  // By rows. Tiles of few rows take several panels at a time: each panel is a stream of its own
  // from memory, and one stream alone reaches two thirds of the bandwidth.
  // Several streams are read ahead by the hardware: with AVX-512 (Zen 4) asking for their lines as
  // well costs up to a third of the bandwidth, so only tiles of one panel ask, and int4 none. AVX2
  // tiles always ask: their reference machine is Zen 3.
  std::array<int, kMostTileRows + 1> panels{};
  std::array<TileKernel, kMostTileRows + 1> wide{};  // panels[rows] panels
  std::array<TileKernel, kMostTileRows + 1> one{};   // one panel

  // bf16_pairs: the order of k within each 8 is 0, 2, 4, 6, 1, 3, 5, 7.
  enum class Activations { fp32, bf16, bf16_pairs, s8, u8, s16 };
  Activations activations = Activations::fp32;
  bool whole_k = false;  // sums are integers, which `out` cannot hold between blocks

  std::size_t activation_bytes() const {
    switch (activations) {
      case Activations::fp32:
        return 4;
      case Activations::bf16:
      case Activations::bf16_pairs:
      case Activations::s16:
        return 2;
      default:
        return 1;
    }
  }
};

// fp32 arithmetic: weights in fp32, bf16, fp16, or int8 (not yet scaled).
const TileSet& tiles_float_avx2(GemmFormat::Weights weights);
const TileSet& tiles_float_avx512(GemmFormat::Weights weights);

// bf16 by bf16 with vdpbf16ps.
const TileSet& tiles_bf16_avx512();

// int8 by int8 into 32 bit without saturation: vpmaddwd of 16 bit, or vpdpbusd of activations made
// unsigned. Sums are stored as fp32, not yet scaled.
const TileSet& tiles_int8_avx2();
const TileSet& tiles_int8_vnni();

// The same of activations that are at most 127 with their offset: vpmaddubsw cannot saturate then.
const TileSet& tiles_int7_avx2();

// int4 weights [panel][k / 8][width] as 32 bit words: the low nibble of byte b is k = b, the high
// one k = b + 4. fp32 arithmetic, or int8 activations in [-127, 127].
const TileSet& tiles_int4_avx2();
const TileSet& tiles_int4_avx512(bool zero_points);
const TileSet& tiles_int4_int8_avx2();
const TileSet& tiles_int4_int8_vnni();

// Codes of 8, 4 or 2 bits in fp32 arithmetic. fp8: e4m3 [panel][k][width], sums or scales 2^-8 of
// what they mean. 4 bits: as int4. 2 bits: [panel][k / 16][width] as 32 bit words, k = i at bit 2i.
// Scales by group in block_scales: fp32, fp16, e4m3 (2^-8 of its value is used), e8m0.
const TileSet& tiles_coded_avx2(const BlockFormat& format);
const TileSet& tiles_coded_avx512(const BlockFormat& format);

// 2:4 sparse weights, read compressed, in fp32 arithmetic: see sparse_tiles.hpp for the layout.
const TileSet& tiles_sparse24_avx2(bool bf16);
const TileSet& tiles_sparse24_avx512(bool bf16);

// The same for any processor.
const TileSet& tiles_float_portable(GemmFormat::Weights weights);
const TileSet& tiles_int8_portable();
const TileSet& tiles_int4_portable();
const TileSet& tiles_int4_int8_portable();
const TileSet& tiles_coded_portable(const BlockFormat& format);
const TileSet& tiles_sparse24_portable(bool bf16);

// The tiles that compute `format` with exactly this level of instruction set; null if it has none
// of its own.
const TileSet* tiles_for(const GemmFormat& format, Isa level);

// The same words without zero points, by bf16 with vdpbf16ps.
const TileSet& tiles_int4_bf16();

// For functions above on other processors: never called, because supports() said no.
const TileSet& no_tiles();

inline const TileSet& pick_float(GemmFormat::Weights w, const TileSet& fp32, const TileSet& bf16,
                                 const TileSet& fp16, const TileSet& int8) {
  switch (w) {
    case GemmFormat::Weights::bf16:
      return bf16;
    case GemmFormat::Weights::fp16:
      return fp16;
    case GemmFormat::Weights::int8:
      return int8;
    default:
      return fp32;
  }
}

}  // namespace inferbench

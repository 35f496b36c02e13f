#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace inferbench {

// One tile of an output: `rows` rows by `panels` x width columns, over a block of k.
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
  std::array<int, kMostTileRows + 1> panels{};
  std::array<TileKernel, kMostTileRows + 1> wide{};  // panels[rows] panels
  std::array<TileKernel, kMostTileRows + 1> one{};   // one panel
};

// fp32 activations and arithmetic; weights of the named type.
const TileSet& tiles_f32_avx2();
const TileSet& tiles_f32_avx512();

}  // namespace inferbench

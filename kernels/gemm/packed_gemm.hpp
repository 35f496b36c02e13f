#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/gemm/tiles.hpp"
#include "kernels/gemm/weights.hpp"

namespace inferbench {

// Weights rearranged into panels, once; the tail of the last panel and of k is zero.
struct PackedWeights {
  Buffer<std::byte> data;
  std::int64_t n = 0, k = 0;    // as given
  std::int64_t padded_k = 0;    // a multiple of the unit
  std::int64_t panels = 0;      // ceil(n / width)
  std::size_t panel_bytes = 0;  // of one panel, all k
  std::size_t k_bytes = 0;      // of `unit` k of a panel

  Buffer<float> column_scale;  // int8, coded without groups, nvfp4: [panels * width]
  Buffer<std::int32_t> start;  // int8: minus what activations have added, times a column's sum
  std::int64_t group = 0, groups = 0;
  Buffer<std::uint16_t> scales;    // int4: fp16, [panel][group][width]
  Buffer<std::int8_t> zeros;       // int4: the same
  Buffer<std::byte> block_scales;  // coded: [panel][group][width], block_scale_bytes each
  std::size_t block_scale_bytes = 0;
};

// Panels for weights [n, k] of `format` as the tiles of `set` read them, still zero.
PackedWeights make_panels(const GemmFormat& format, std::int64_t n, std::int64_t k,
                          const TileSet& set);

// Packs rows first, first + 1 ... of them.
void pack_rows(PackedWeights& packed, const TileSet& set, std::int64_t first,
               const GemmWeights& rows);

// Both for all rows at once.
PackedWeights pack_weights(const GemmWeights& weights, const TileSet& set);

// Activations [m, k] as tiles read them: rows `stride` bytes apart. Who fills a row zeroes it
// beyond k.
struct PackedRows {
  Buffer<std::byte> data;
  std::int64_t m = 0;
  std::size_t element = 0;
  std::size_t stride = 0;
  Buffer<float> row_scale;   // int8: [m]
  Buffer<float> group_sums;  // int8 against int4: [m][groups]

  // Makes room; allocates only if there was less before.
  void reshape(std::int64_t rows, std::int64_t padded_k, std::size_t element_bytes,
               std::int64_t groups);
  std::byte* row(std::int64_t r) { return data.data() + static_cast<std::size_t>(r) * stride; }
  const std::byte* row(std::int64_t r) const {
    return data.data() + static_cast<std::size_t>(r) * stride;
  }
};

// out[m, n] over the team. Threads share the panels, never a sum, so the result does not depend on
// their number.
void packed_gemm(const TileSet& set, const PackedWeights& weights, const PackedRows& in,
                 std::span<float> out, ThreadTeam& team);

}  // namespace inferbench

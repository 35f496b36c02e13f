#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/gemm/tiles.hpp"

namespace inferbench {

// Weights rearranged into panels, once; the tail of the last panel and of k is zero.
struct PackedWeights {
  Buffer<std::byte> data;
  std::int64_t n = 0, k = 0;     // as given
  std::int64_t padded_k = 0;     // a multiple of the unit
  std::int64_t panels = 0;       // ceil(n / width)
  std::size_t panel_bytes = 0;   // of one panel, all k
  std::size_t column_bytes = 0;  // of one k of a panel, on average
};

// Elements [n, k] of `element` bytes each into panels of set.width columns with set.unit k
// together.
PackedWeights pack_weights(const std::byte* weights, std::int64_t n, std::int64_t k,
                           std::size_t element, const TileSet& set);

// Activations [m, k] as tiles read them: rows `stride` bytes apart, zero beyond k.
struct PackedRows {
  Buffer<std::byte> data;
  std::int64_t m = 0;
  std::size_t element = 0;
  std::size_t stride = 0;

  PackedRows(std::int64_t rows, std::int64_t padded_k, std::size_t element_bytes);
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

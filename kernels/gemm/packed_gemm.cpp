#include "kernels/gemm/packed_gemm.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace inferbench {
namespace {

constexpr std::int64_t kMostWidth = 32, kMostPanels = 4;

// Activations of a block stay in L2 (512 KiB on the smallest machine aimed at) while all panels
// pass by; a panel's block stays in L2 while all rows pass by.
constexpr std::int64_t kRowBytes = 256 * 1024;
constexpr std::int64_t kFewestK = 512;
constexpr std::int64_t kMostRows = 168;  // a multiple of both tile heights, 6 and 14

std::int64_t round_up(std::int64_t x, std::int64_t to) {
  return (x + to - 1) / to * to;
}

struct Block {
  std::int64_t row = 0, rows = 0, k = 0, k_size = 0;
};

// One panel group of a block: tiles from top to bottom, of nearly equal height.
void run_column(const TileSet& set, const PackedWeights& w, const PackedRows& in,
                std::span<float> out, const Block& block, std::int64_t panel, std::int64_t count,
                std::int64_t height) {
  const std::int64_t column = panel * set.width;
  const std::int64_t columns = count * set.width;
  const bool whole = column + columns <= w.n;
  const std::size_t k_offset = static_cast<std::size_t>(block.k) * w.column_bytes;
  alignas(kCacheLine) std::array<float, kMostTileRows * kMostWidth * kMostPanels> edge;

  for (std::int64_t r = block.row; r < block.row + block.rows; r += height) {
    const std::int64_t rows = std::min(height, block.row + block.rows - r);
    float* target = out.data() + r * w.n + column;
    TileCall call{
        .in = in.row(r) + static_cast<std::size_t>(block.k) * in.element,
        .in_stride = in.stride,
        .weights = w.data.data() + static_cast<std::size_t>(panel) * w.panel_bytes + k_offset,
        .panel_bytes = w.panel_bytes,
        .k = block.k_size,
        .out = target,
        .out_stride = w.n,
        .accumulate = block.k > 0};
    const auto at = static_cast<std::size_t>(rows);
    const TileKernel kernel = count == 1 ? set.one[at] : set.wide[at];
    if (whole) {
      kernel(call);
      continue;
    }
    // Beyond the last column: through a tile of its own.
    const auto valid = static_cast<std::size_t>(w.n - column);
    for (std::int64_t i = 0; call.accumulate && i < rows; ++i) {
      std::memcpy(edge.data() + i * columns, target + i * w.n, valid * sizeof(float));
    }
    call.out = edge.data();
    call.out_stride = columns;
    kernel(call);
    for (std::int64_t i = 0; i < rows; ++i) {
      std::memcpy(target + i * w.n, edge.data() + i * columns, valid * sizeof(float));
    }
  }
}

}  // namespace

PackedWeights pack_weights(const std::byte* weights, std::int64_t n, std::int64_t k,
                           std::size_t element, const TileSet& set) {
  PackedWeights p;
  p.n = n, p.k = k;
  p.padded_k = round_up(k, set.unit);
  p.panels = (n + set.width - 1) / set.width;
  p.column_bytes = element * static_cast<std::size_t>(set.width);
  // A power of two between panels would map the streams of one tile to the same cache sets.
  p.panel_bytes = static_cast<std::size_t>(p.padded_k) * p.column_bytes;
  if (p.panel_bytes % 4096 == 0) p.panel_bytes += 5 * kCacheLine;
  p.data = Buffer<std::byte>(static_cast<std::size_t>(p.panels) * p.panel_bytes);
  const auto unit = static_cast<std::size_t>(set.unit), width = static_cast<std::size_t>(set.width);
  for (std::int64_t row = 0; row < n; ++row) {
    std::byte* panel = p.data.data() + static_cast<std::size_t>(row / set.width) * p.panel_bytes;
    const auto column = static_cast<std::size_t>(row % set.width);
    const std::byte* from = weights + static_cast<std::size_t>(row * k) * element;
    for (std::size_t at = 0; at < static_cast<std::size_t>(k); at += unit) {
      const std::size_t together = std::min(unit, static_cast<std::size_t>(k) - at);
      std::memcpy(panel + (at * width + column * unit) * element, from + at * element,
                  together * element);
    }
  }
  return p;
}

PackedRows::PackedRows(std::int64_t rows, std::int64_t padded_k, std::size_t element_bytes)
    : m(rows), element(element_bytes) {
  stride = static_cast<std::size_t>(
      round_up(padded_k * static_cast<std::int64_t>(element_bytes), kCacheLine));
  // Rows a multiple of 4 KiB apart fall into the same eight lines of the L1 cache.
  stride += kCacheLine;
  data = Buffer<std::byte>(static_cast<std::size_t>(rows) * stride);
}

void packed_gemm(const TileSet& set, const PackedWeights& w, const PackedRows& in,
                 std::span<float> out, ThreadTeam& team) {
  // Tiles of nearly equal height: 16 rows as 8 + 8, not 14 + 2.
  const std::int64_t tiles = (in.m + set.most_rows - 1) / set.most_rows;
  const std::int64_t height = (in.m + tiles - 1) / tiles;
  const std::int64_t block_rows = in.m <= kMostRows ? in.m : kMostRows / height * height;
  const std::int64_t block_k = std::max(
      kFewestK, round_up(kRowBytes / (static_cast<std::int64_t>(in.element) * block_rows), 512));
  const std::int64_t group = set.panels[static_cast<std::size_t>(height)];

  team.run([&](unsigned rank) {
    const Range mine = share(w.panels, rank, team.size());
    for (std::int64_t row = 0; row < in.m; row += block_rows) {
      for (std::int64_t k = 0; k < w.padded_k; k += block_k) {
        const Block block{.row = row,
                          .rows = std::min(block_rows, in.m - row),
                          .k = k,
                          .k_size = std::min(block_k, w.padded_k - k)};
        std::int64_t panel = mine.begin;
        // A group only if every tile of the block has its height: lower ones take more panels.
        const bool even = block.rows % height == 0;
        for (; even && group > 1 && panel + group <= mine.end; panel += group) {
          run_column(set, w, in, out, block, panel, group, height);
        }
        for (; panel < mine.end; ++panel) run_column(set, w, in, out, block, panel, 1, height);
      }
    }
  });
}

}  // namespace inferbench

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
constexpr std::int64_t kFewestK = 512;  // a multiple of every group
constexpr std::int64_t kMostRows = 168;
constexpr std::int64_t kFewestRows = 28;

struct Block {
  std::int64_t row = 0, rows = 0, k = 0, k_size = 0;
};

struct Blocking {
  std::int64_t height = 0, rows = 0, k = 0;
};

Blocking blocking(const TileSet& set, const PackedWeights& w, const PackedRows& in) {
  const auto element = static_cast<std::int64_t>(in.element);
  // Tiles of nearly equal height: 16 rows as 8 + 8, not 14 + 2.
  const std::int64_t tiles = (in.m + set.most_rows - 1) / set.most_rows;
  Blocking b;
  b.height = (in.m + tiles - 1) / tiles;
  const std::int64_t fit = set.whole_k ? kRowBytes / (element * w.padded_k) : kMostRows;
  const std::int64_t most = std::clamp(fit, kFewestRows, kMostRows);
  b.rows = in.m <= most ? in.m : std::max(b.height, most / b.height * b.height);
  const std::int64_t k = (kRowBytes / (element * b.rows) + 511) / 512 * 512;
  b.k = set.whole_k ? w.padded_k : std::max(kFewestK, k);
  return b;
}

// Columns and rows of a finished tile times their scales.
void scale_tile(float* out, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                const float* column_scale, const float* row_scale) {
  for (std::int64_t r = 0; r < rows; ++r) {
    float* row = out + r * stride;
    if (column_scale != nullptr && row_scale != nullptr) {
      for (std::int64_t c = 0; c < columns; ++c) row[c] *= row_scale[r] * column_scale[c];
    } else if (column_scale != nullptr) {
      for (std::int64_t c = 0; c < columns; ++c) row[c] *= column_scale[c];
    } else {
      for (std::int64_t c = 0; c < columns; ++c) row[c] *= row_scale[r];
    }
  }
}

// One panel group of a block: tiles from top to bottom.
void run_column(const TileSet& set, const PackedWeights& w, const PackedRows& in,
                std::span<float> out, const Block& block, std::int64_t panel, std::int64_t count,
                std::int64_t height) {
  const std::int64_t column = panel * set.width;
  const std::int64_t columns = count * set.width;
  const bool whole = column + columns <= w.n;
  const std::int64_t valid = std::min(columns, w.n - column);
  const bool integer = in.element < 4 && set.whole_k;
  const float* column_scale = w.column_scale.size() > 0 ? w.column_scale.data() + column : nullptr;
  const bool last = block.k + block.k_size == w.padded_k;
  const bool scale = last && (column_scale != nullptr || integer);
  const std::int64_t group = w.group > 0 ? block.k / w.group : 0;
  const std::size_t group_at = static_cast<std::size_t>((panel * w.groups + group) * set.width);
  alignas(kCacheLine) std::array<float, kMostTileRows * kMostWidth * kMostPanels> edge;

  for (std::int64_t r = block.row; r < block.row + block.rows; r += height) {
    const std::int64_t rows = std::min(height, block.row + block.rows - r);
    float* target = out.data() + r * w.n + column;
    TileCall call;
    call.in = in.row(r) + static_cast<std::size_t>(block.k) * in.element;
    call.in_stride = in.stride;
    call.weights = w.data.data() + static_cast<std::size_t>(panel) * w.panel_bytes +
                   static_cast<std::size_t>(block.k / set.unit) * w.k_bytes;
    call.panel_bytes = w.panel_bytes;
    call.k = block.k_size;
    call.out = whole ? target : edge.data();
    call.out_stride = whole ? w.n : columns;
    call.accumulate = block.k > 0;
    if (w.start.size() > 0) call.start = w.start.data() + column;
    if (w.block_scale_bytes > 0) {
      call.group = static_cast<int>(w.group);
      call.block_scales = w.block_scales.data() + group_at * w.block_scale_bytes;
      call.group_panel = static_cast<std::size_t>(w.groups * set.width);
    } else if (w.group > 0) {
      call.group = static_cast<int>(w.group);
      call.scales = w.scales.data() + group_at;
      call.zeros = w.zeros.data() + group_at;
      call.group_panel = static_cast<std::size_t>(w.groups * set.width);
      call.row_sums = in.group_sums.data() + r * w.groups;
      call.row_groups = static_cast<std::size_t>(w.groups);
    }
    // Beyond the last column: through a tile of its own.
    for (std::int64_t i = 0; !whole && call.accumulate && i < rows; ++i) {
      std::memcpy(edge.data() + i * columns, target + i * w.n,
                  static_cast<std::size_t>(valid) * sizeof(float));
    }
    const auto at = static_cast<std::size_t>(rows);
    (count == 1 ? set.one[at] : set.wide[at])(call);
    if (scale) {
      scale_tile(call.out, call.out_stride, rows, valid, column_scale,
                 integer ? in.row_scale.data() + r : nullptr);
    }
    for (std::int64_t i = 0; !whole && i < rows; ++i) {
      std::memcpy(target + i * w.n, edge.data() + i * columns,
                  static_cast<std::size_t>(valid) * sizeof(float));
    }
  }
}

}  // namespace

void packed_gemm(const TileSet& set, const PackedWeights& w, const PackedRows& in,
                 std::span<float> out, ThreadTeam& team) {
  const Blocking b = blocking(set, w, in);
  const std::int64_t group = set.panels[static_cast<std::size_t>(b.height)];

  team.run([&](unsigned rank) {
    const Range mine = share(w.panels, rank, team.size());
    for (std::int64_t row = 0; row < in.m; row += b.rows) {
      for (std::int64_t k = 0; k < w.padded_k; k += b.k) {
        const Block block{.row = row,
                          .rows = std::min(b.rows, in.m - row),
                          .k = k,
                          .k_size = std::min(b.k, w.padded_k - k)};
        std::int64_t panel = mine.begin;
        // A group only if every tile of the block has its height: lower ones take more panels.
        const bool even = block.rows % b.height == 0;
        for (; even && group > 1 && panel + group <= mine.end; panel += group) {
          run_column(set, w, in, out, block, panel, group, b.height);
        }
        for (; panel < mine.end; ++panel) run_column(set, w, in, out, block, panel, 1, b.height);
      }
    }
  });
}

}  // namespace inferbench

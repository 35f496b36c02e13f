#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention/job.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kRows = 336;  // of a query tile: whole GEMM tiles of 6 and of 14 rows
// Chunks of few rows are split along the context, as decodes are; longer ones have tiles enough.
constexpr std::int64_t kMostSplitTokens = 16;

std::int64_t whole(std::int64_t n, std::int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

}  // namespace

TileAttention::TileAttention(const AttentionShape& shape, const AttentionKernels& kernels,
                             ThreadTeam& team)
    : kernels_(kernels),
      tiles_(kernels.tiles()),
      team_(team),
      group_(shape.q_heads / shape.kv_heads),
      tile_tokens_(std::max<std::int64_t>(1, kRows / group_)),
      block_keys_(shape.key_dim > 256 ? 64 : 128),  // packed keys and values stay in L2
      panels_((shape.value_dim + tiles_.width - 1) / tiles_.width),
      columns_(panels_ * tiles_.width),
      q_stride_(shape.key_dim + 16),
      score_stride_(block_keys_ + 16) {
  const std::int64_t rows = tile_tokens_ * group_;
  const auto buffer = [](std::int64_t n) { return Buffer<float>(static_cast<std::size_t>(n)); };
  for (unsigned i = 0; i < team.size(); ++i) {
    scratch_.push_back({.q = buffer(rows * q_stride_),
                        .keys = buffer(shape.key_dim * block_keys_),
                        .values = buffer(columns_ * block_keys_),
                        .scores = buffer(rows * score_stride_),
                        .out = buffer(rows * columns_),
                        .page = buffer(kKvBlock * std::max(shape.key_dim, columns_)),
                        .largest = buffer(rows),
                        .sum = buffer(rows)});
  }
}

void TileAttention::plan(const AttentionJob& job, const std::vector<std::int64_t>& sequences) {
  work_.clear(), split_.clear();
  std::int64_t states = 0;
  for (const std::int64_t s : sequences) {
    const std::int64_t all = job.batch.new_tokens(s);
    for (std::int64_t head = 0; head < job.shape.kv_heads; ++head) {
      for (std::int64_t t = 0; t < all; t += tile_tokens_) {
        Tile tile{.sequence = s,
                  .kv_head = head,
                  .token = t,
                  .tokens = std::min(tile_tokens_, all - t),
                  .keys = {}};
        tile.keys = {job.visible(s, t).first, job.visible(s, t + tile.tokens - 1).last};
        const std::vector<TokenRange> parts = split_tokens(tile.keys);
        if (all > kMostSplitTokens || parts.size() == 1) {
          work_.push_back(tile);
          continue;
        }
        tile.parts = static_cast<std::int64_t>(parts.size()), tile.state = states;
        split_.push_back(tile);
        for (const TokenRange& part : parts) {
          tile.keys = part, tile.state = states;
          work_.push_back(tile);
          states += tile.tokens * group_;
        }
      }
    }
  }
  const auto cost = [](const Tile& t) { return t.tokens * (t.keys.last - t.keys.first); };
  std::stable_sort(work_.begin(), work_.end(),
                   [&](const Tile& a, const Tile& b) { return cost(a) > cost(b); });
  states_.reserve(states, job.shape.value_dim);
}

void TileAttention::run(const AttentionJob& job, const std::vector<std::int64_t>& sequences) {
  if (sequences.empty()) return;
  plan(job, sequences);
  for_each_taken(team_, work_.size(),
                 [&](std::size_t i, unsigned rank) { run_tile(job, work_[i], scratch_[rank]); });
  if (split_.empty()) return;
  for_each_taken(team_, split_.size(), [&](std::size_t i, unsigned) {
    const Tile& tile = split_[i];
    const std::int64_t rows = tile.tokens * group_;
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t head = job.head_at(tile.sequence, tile.kv_head, tile.token * group_ + r);
      states_.combine(tile.state + r, rows, tile.parts, job.out + head * job.shape.value_dim,
                      job.lse_at(head));
    }
  });
}

void TileAttention::run_tile(const AttentionJob& job, const Tile& tile, Scratch& s) {
  const std::int64_t rows = tile.tokens * group_;
  gather_queries(job, tile, s);
  std::fill_n(s.largest.data(), rows, -HUGE_VALF);
  std::fill_n(s.sum.data(), rows, 0.0F);
  std::fill_n(s.out.data(), rows * columns_, 0.0F);
  // Equal heights: a last tile of few rows would use as many instructions for less.
  const std::int64_t heights = (rows + tiles_.most_rows - 1) / tiles_.most_rows;
  const std::int64_t begin = tile.keys.first / kKvBlock * kKvBlock;
  for (std::int64_t from = begin; from < tile.keys.last; from += block_keys_) {
    const TokenRange keys = {from, std::min(from + block_keys_, tile.keys.last)};
    pack_block(job, tile, keys, s);
    for (std::int64_t i = 0; i < heights; ++i) {
      attend(job, tile, keys, {rows * i / heights, rows * (i + 1) / heights}, s);
    }
  }
  finish(job, tile, s);
}

void TileAttention::finish(const AttentionJob& job, const Tile& tile, Scratch& s) {
  const std::int64_t dim = job.shape.value_dim, rows = tile.tokens * group_;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* values = s.out.data() + r * columns_;
    const auto at = static_cast<std::size_t>(r);
    if (tile.state >= 0) {
      const SoftmaxState state = states_.at(tile.state + r);
      *state.largest = s.largest[at], *state.sum = s.sum[at];
      std::copy_n(values, dim, state.values);
      continue;
    }
    const std::int64_t head = job.head_at(tile.sequence, tile.kv_head, tile.token * group_ + r);
    float* to = job.out + head * dim;
    if (s.largest[at] == -HUGE_VALF) {  // nothing here that this row sees
      std::fill_n(to, dim, 0.0F);
    } else {
      for (std::int64_t d = 0; d < dim; ++d) to[d] = values[d] / s.sum[at];
    }
    if (float* lse = job.lse_at(head)) *lse = s.largest[at] + std::log(s.sum[at]);
  }
}

void TileAttention::gather_queries(const AttentionJob& job, const Tile& tile, Scratch& s) const {
  const float scale = job.scale();
  for (std::int64_t r = 0; r < tile.tokens * group_; ++r) {
    const std::int64_t head = job.head_at(tile.sequence, tile.kv_head, tile.token * group_ + r);
    const float* from = job.q + head * job.shape.key_dim;
    float* to = s.q.data() + r * q_stride_;
    for (std::int64_t d = 0; d < job.shape.key_dim; ++d) to[d] = from[d] * scale;
  }
}

// Keys [panel][d][key], so that a score tile is a GEMM over d; values [panel][key][d], so that the
// weighted sum is one over keys. Slots that no token fills, and keys that no row sees, are zero:
// what lies in the cache there may be anything.
void TileAttention::pack_block(const AttentionJob& job, const Tile& tile, TokenRange keys,
                               Scratch& s) const {
  const KvCache& cache = job.cache;
  const std::int64_t width = tiles_.width;
  const WidenPage widen = kernels_.widen(cache.type);
  const auto page_of = [&](const std::byte* data, const float* scale, std::int64_t dim,
                           std::int64_t at) {
    const std::size_t page =
        cache.page(job.batch.blocks(tile.sequence)[at / kKvBlock], tile.kv_head);
    const TokenRange tokens = {std::max<std::int64_t>(0, tile.keys.first - at),
                               std::min(kKvBlock, keys.last - at)};
    widen(data + page * static_cast<std::size_t>(dim) * kv_bytes(cache.type),
          scale == nullptr ? nullptr : scale + page, tokens, dim, s.page.data());
  };
  for (std::int64_t at = keys.first; at < keys.last; at += kKvBlock) {
    const std::int64_t t = at - keys.first;
    page_of(cache.keys, cache.key_scale, cache.key_dim, at);
    kernels_.transpose(s.page.data(), cache.key_dim,
                       s.keys.data() + t / width * width * cache.key_dim + t % width, width);
    std::int64_t stride = cache.key_dim;
    if (cache.values != nullptr) {
      page_of(cache.values, cache.value_scale, cache.value_dim, at);
      stride = cache.value_dim;
    }
    for (std::int64_t d = 0; d < cache.value_dim; d += width) {
      const auto n = static_cast<std::size_t>(std::min(width, cache.value_dim - d));
      float* to = s.values.data() + d * block_keys_ + t * width;
      for (std::int64_t i = 0; i < kKvBlock; ++i) {
        std::memcpy(to + i * width, s.page.data() + i * stride + d, n * sizeof(float));
      }
    }
  }
}

// Rows of the tile against the keys of the block that any of them sees.
void TileAttention::attend(const AttentionJob& job, const Tile& tile, TokenRange keys,
                           TokenRange rows, Scratch& s) const {
  const TokenRange top = job.visible(tile.sequence, tile.token + rows.first / group_);
  const TokenRange bottom = job.visible(tile.sequence, tile.token + (rows.last - 1) / group_);
  const std::int64_t end = std::min(keys.last, bottom.last) - keys.first;
  if (end <= 0 || top.first >= keys.last) return;
  const std::int64_t padded = whole(end, tiles_.width), count = rows.last - rows.first;

  float* scores = s.scores.data() + rows.first * score_stride_;
  TileCall call;
  call.in = reinterpret_cast<const std::byte*>(s.q.data() + rows.first * q_stride_);
  call.in_stride = static_cast<std::size_t>(q_stride_) * sizeof(float);
  call.k = job.shape.key_dim;
  call.out_stride = score_stride_;
  multiply(call, s.keys.data(), job.shape.key_dim * tiles_.width, padded / tiles_.width, count,
           scores);

  soften(job, tile, keys, rows, padded, s);

  call.in = reinterpret_cast<const std::byte*>(scores);
  call.in_stride = static_cast<std::size_t>(score_stride_) * sizeof(float);
  call.k = end;
  call.out_stride = columns_;
  call.accumulate = true;
  multiply(call, s.values.data(), block_keys_ * tiles_.width, panels_, count,
           s.out.data() + rows.first * columns_);
}

// Scores into weights, row by row.
void TileAttention::soften(const AttentionJob& job, const Tile& tile, TokenRange keys,
                           TokenRange rows, std::int64_t padded, Scratch& s) const {
  for (std::int64_t r = rows.first; r < rows.last; ++r) {
    const TokenRange seen = job.visible(tile.sequence, tile.token + r / group_);
    float* row = s.scores.data() + r * score_stride_;
    const std::int64_t most = std::min(padded, keys.last - keys.first);
    const std::int64_t begin =
        std::clamp<std::int64_t>(std::max(seen.first, tile.keys.first) - keys.first, 0, padded);
    const std::int64_t stop = std::clamp<std::int64_t>(seen.last - keys.first, 0, most);
    if (begin >= stop) {
      std::fill_n(row, padded, 0.0F);
      continue;
    }
    std::fill_n(row, begin, -HUGE_VALF);
    std::fill(row + stop, row + padded, -HUGE_VALF);
    const auto at = static_cast<std::size_t>(r);
    const float factor = kernels_.softmax(row, padded, &s.largest[at], &s.sum[at]);
    if (factor != 1.0F) kernels_.scale(s.out.data() + r * columns_, columns_, factor);
  }
}

// One GEMM tile of `rows` rows for each of `panels` panels.
void TileAttention::multiply(TileCall call, const float* panel, std::int64_t panel_size,
                             std::int64_t panels, std::int64_t rows, float* out) const {
  const auto at = static_cast<std::size_t>(rows);
  call.panel_bytes = static_cast<std::size_t>(panel_size) * sizeof(float);
  for (std::int64_t i = 0; i < panels;) {
    const std::int64_t together = tiles_.panels[at] <= panels - i ? tiles_.panels[at] : 1;
    call.weights = reinterpret_cast<const std::byte*>(panel + i * panel_size);
    call.out = out + i * tiles_.width;
    (together == 1 ? tiles_.one[at] : tiles_.wide[at])(call);
    i += together;
  }
}

}  // namespace inferbench

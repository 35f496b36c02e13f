#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>

#include "kernels/attention/implementations.hpp"
#include "kernels/attention/kernels.hpp"
#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kRows = 168;  // of a query tile: whole GEMM tiles of 6 and of 14 rows
constexpr std::int64_t kKeys = 128;  // of a block of keys and values

// Queries of consecutive tokens, all heads of a group: row = token * group + head.
struct Tile {
  std::int64_t request = 0, kv_head = 0, token = 0, tokens = 0;
};

// What one thread works in.
struct Scratch {
  Buffer<float> q, keys, values, scores, out, row, largest, sum;
};

class Bound final : public BoundKernel {
 public:
  Bound(const AttentionProblem& p, const PrefillKernels& kernels, unsigned threads)
      : p_(p),
        kernels_(kernels),
        tiles_(kernels.tiles()),
        group_(p.q_heads / p.kv_heads),
        panels_((p.head_dim + tiles_.width - 1) / tiles_.width),
        q_stride_(p.head_dim + 16),
        out_(p.outputs()),
        team_(threads) {
    const std::int64_t tokens = std::max<std::int64_t>(1, kRows / group_);
    for (std::int64_t r = 0; r < p.requests; ++r) {
      for (std::int64_t h = 0; h < p.kv_heads; ++h) {
        for (std::int64_t t = 0; t < p.tokens; t += tokens) {
          work_.push_back(
              {.request = r, .kv_head = h, .token = t, .tokens = std::min(tokens, p.tokens - t)});
        }
      }
    }
    const auto rows = static_cast<std::size_t>(tokens * group_);
    const auto columns = static_cast<std::size_t>(panels_ * tiles_.width);
    for (unsigned i = 0; i < threads; ++i) {
      Scratch s;
      s.q = Buffer<float>(rows * static_cast<std::size_t>(q_stride_));
      s.keys = Buffer<float>(static_cast<std::size_t>(p.head_dim * kKeys));
      s.values = Buffer<float>(columns * kKeys);
      s.scores = Buffer<float>(rows * kScoreStride);
      s.out = Buffer<float>(rows * columns);
      s.row = Buffer<float>(columns);
      s.largest = Buffer<float>(rows), s.sum = Buffer<float>(rows);
      scratch_.push_back(std::move(s));
    }
  }

  void run() override {
    // Tiles further down see more tokens: threads take the next one when they are free. Each is
    // computed by itself, so who computes it does not matter.
    std::atomic<std::size_t> next{0};
    team_.run([&](unsigned rank) {
      for (std::size_t i = next++; i < work_.size(); i = next++) {
        run_tile(work_[work_.size() - 1 - i], scratch_[rank]);
      }
    });
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  static constexpr std::int64_t kScoreStride = kKeys + 16;

  void run_tile(const Tile& tile, Scratch& s) {
    const std::int64_t rows = tile.tokens * group_, columns = panels_ * tiles_.width;
    gather_queries(tile, s);
    std::fill_n(s.largest.data(), rows, -HUGE_VALF);
    std::fill_n(s.sum.data(), rows, 0.0F);
    std::fill_n(s.out.data(), rows * columns, 0.0F);
    const std::int64_t first = p_.visible(tile.request, tile.token).first;
    const std::int64_t last = p_.visible(tile.request, tile.token + tile.tokens - 1).last;
    for (std::int64_t from = first / kKvBlock * kKvBlock; from < last; from += kKeys) {
      const std::int64_t keys = std::min(kKeys, last - from);
      pack_block(tile, from, std::max<std::int64_t>(0, first - from), keys, s);
      const std::int64_t height = tiles_.most_rows;
      for (std::int64_t r = 0; r < rows; r += height) {
        attend(tile, from, r, std::min(height, rows - r), s);
      }
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      float* to = out_.span().data() + row_at(tile, r);
      const float* values = s.out.data() + r * columns;
      for (std::int64_t d = 0; d < p_.head_dim; ++d) {
        to[d] = values[d] / s.sum[static_cast<std::size_t>(r)];
      }
    }
  }

  std::int64_t row_at(const Tile& tile, std::int64_t r) const {
    const std::int64_t token = tile.token + r / group_, head = tile.kv_head * group_ + r % group_;
    return ((tile.request * p_.tokens + token) * p_.q_heads + head) * p_.head_dim;
  }

  void gather_queries(const Tile& tile, Scratch& s) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(p_.head_dim));
    for (std::int64_t r = 0; r < tile.tokens * group_; ++r) {
      const float* from = p_.q.data() + row_at(tile, r);
      float* to = s.q.data() + r * q_stride_;
      for (std::int64_t d = 0; d < p_.head_dim; ++d) to[d] = from[d] * scale;
    }
  }

  // Keys [panel][d][key], so that a score tile is a GEMM over d; values [panel][key][d], so that
  // the weighted sum is one over keys. Slots that no token fills, and keys that no row sees, are
  // zero: what lies in the cache there may be anything.
  void pack_block(const Tile& tile, std::int64_t from, std::int64_t begin, std::int64_t keys,
                  Scratch& s) {
    const std::int64_t width = tiles_.width, dim = p_.head_dim;
    if (begin > 0 || keys < kKeys) {
      std::fill_n(s.keys.data(), s.keys.size(), 0.0F);
      std::fill_n(s.values.data(), s.values.size(), 0.0F);
    }
    const bool scaled = !p_.cache.key_scale.empty();
    for (std::int64_t t = begin; t < keys; ++t) {
      const std::size_t at = p_.place(tile.request, tile.kv_head, from + t);
      const std::size_t element = at * static_cast<std::size_t>(dim);
      float* row = s.row.data();
      kernels_.widen(p_.kv, p_.cache.keys.data(), element, dim,
                     scaled ? p_.cache.key_scale[at] : 1.0F, row);
      float* to = s.keys.data() + t / width * width * dim + t % width;
      for (std::int64_t d = 0; d < dim; ++d) to[d * width] = row[d];
      kernels_.widen(p_.kv, p_.cache.values.data(), element, dim,
                     scaled ? p_.cache.value_scale[at] : 1.0F, row);
      for (std::int64_t d = 0; d < dim; d += width) {
        std::memcpy(s.values.data() + d * kKeys + t * width, row + d,
                    static_cast<std::size_t>(std::min(width, dim - d)) * sizeof(float));
      }
    }
  }

  // Rows [r, r + rows) of the tile against the keys of the block that any of them sees.
  void attend(const Tile& tile, std::int64_t from, std::int64_t r, std::int64_t rows, Scratch& s) {
    const std::int64_t width = tiles_.width, columns = panels_ * width;
    const auto top = p_.visible(tile.request, tile.token + r / group_);
    const auto bottom = p_.visible(tile.request, tile.token + (r + rows - 1) / group_);
    const std::int64_t end = std::min(kKeys, bottom.last - from);
    if (end <= 0 || top.first >= from + kKeys) return;
    const std::int64_t padded = (end + width - 1) / width * width;

    float* scores = s.scores.data() + r * kScoreStride;
    TileCall call;
    call.in = reinterpret_cast<const std::byte*>(s.q.data() + r * q_stride_);
    call.in_stride = static_cast<std::size_t>(q_stride_) * sizeof(float);
    call.k = p_.head_dim;
    call.out_stride = kScoreStride;
    multiply(call, s.keys.data(), p_.head_dim * width, padded / width, rows, scores);

    for (std::int64_t i = 0; i < rows; ++i) {
      const auto seen = p_.visible(tile.request, tile.token + (r + i) / group_);
      float* row = scores + i * kScoreStride;
      const std::int64_t begin = std::clamp<std::int64_t>(seen.first - from, 0, padded);
      const std::int64_t stop = std::clamp<std::int64_t>(seen.last - from, 0, padded);
      if (begin >= stop) {
        std::fill_n(row, padded, 0.0F);
        continue;
      }
      std::fill_n(row, begin, -HUGE_VALF);
      std::fill(row + stop, row + padded, -HUGE_VALF);
      const auto at = static_cast<std::size_t>(r + i);
      const float factor = kernels_.softmax(row, padded, &s.largest[at], &s.sum[at]);
      if (factor != 1.0F) kernels_.scale(s.out.data() + (r + i) * columns, columns, factor);
    }

    call.in = reinterpret_cast<const std::byte*>(scores);
    call.in_stride = kScoreStride * sizeof(float);
    call.k = end;
    call.out_stride = columns;
    call.accumulate = true;
    multiply(call, s.values.data(), kKeys * width, panels_, rows, s.out.data() + r * columns);
  }

  // One GEMM tile of `rows` rows for each of `panels` panels.
  void multiply(TileCall call, const float* panel, std::int64_t panel_size, std::int64_t panels,
                std::int64_t rows, float* out) {
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

  AttentionProblem p_;
  const PrefillKernels& kernels_;
  const TileSet& tiles_;
  std::int64_t group_, panels_, q_stride_;
  std::vector<Tile> work_;
  std::vector<Scratch> scratch_;
  GuardedOutput out_;
  ThreadTeam team_;
};

using Pick = const PrefillKernels& (*)();

template <Pick kPick>
std::unique_ptr<BoundKernel> bind(const Problem& problem, unsigned threads) {
  return std::make_unique<Bound>(dynamic_cast<const AttentionProblem&>(problem), kPick(), threads);
}

}  // namespace

Implementation prefill_attention_avx512() {
  return {.op = "prefill_attention",
          .name = "avx512",
          .provider = "own",
          .needs = Isa::avx512,
          .formats = kv_formats(),
          .summary = "tiles of 168 query rows, online softmax over blocks of 128 keys",
          .available = head_dim_is_whole,
          .bind = bind<prefill_kernels_avx512>};
}

Implementation prefill_attention_avx2() {
  return {.op = "prefill_attention",
          .name = "avx2",
          .provider = "own",
          .needs = Isa::avx2,
          .formats = kv_formats(),
          .summary = "tiles of 168 query rows, online softmax over blocks of 128 keys",
          .available = head_dim_is_whole,
          .bind = bind<prefill_kernels_avx2>};
}

}  // namespace inferbench

#pragma once

// Attention of one new token per request, or of a few drafts, over its paged cache (flash-decoding;
// FlashAttention-2, arXiv 2307.08691, with the cache split over blocks).
//
// What bounds it is reading the cache once. The query heads that share a key-value head, times the
// new tokens, are the 16 rows of a tensor core operand (more: more blocks), so a page is read once
// for all of them. A block computes one range of one request's tokens; its four warps take a
// quarter each and do not wait for one another until the end. Each has kStages of 8 KB, of which
// two are under way while it computes on the third: with two blocks on a multiprocessor 128 KB,
// where 4.8 TB/s times 0.8 us over 132 multiprocessors need 29 KB. The last block of a request
// combines the ranges, in their order.

#include "kernels/cuda/attention/combined.cuh"
#include "kernels/cuda/attention/paged.cuh"

namespace inferbench::cuda_attention {

inline constexpr int kDecodeWarps = 4, kDecodeRows = 16;

struct DecodeOperands {
  PagedOperands paged;
  int split_tiles;  // tiles of a range
  // [requests, kv_heads, row tiles, splits, 16, head_dim]: results before they are divided; and
  // [.., 2, 16]: the largest scores and the sums.
  float *partial_out, *partial_state;
  unsigned* arrived;  // [requests, kv_heads, row tiles]: ranges that are done; 0 before and after
};

template <class Cache, int kHeadDim>
struct DecodeTile {
  static constexpr int kRow = kHeadDim * Cache::kBytes, kPage = kPageTokens * kRow;
  static constexpr int kPages = kPage < 4096 ? 4096 / kPage : 1;
  static constexpr int kTokens = kPages * kPageTokens;
  static constexpr int kStage = 2 * kPages * kPage;  // keys, then values
  static constexpr int kStages = 3;
};

template <class Cache, int kHeadDim>
struct DecodeShared {
  using Tile = DecodeTile<Cache, kHeadDim>;
  struct Results {
    float out[kDecodeWarps][kDecodeRows][kHeadDim + 8];  // 8: rows begin on different banks
    float largest[kDecodeWarps][kDecodeRows], sum[kDecodeWarps][kDecodeRows];
    unsigned before;
  };
  union alignas(1024) {
    unsigned char stages[kDecodeWarps][Tile::kStages][Tile::kStage];
    Results results;
  };
};

// The range of one block.
struct DecodeRange {
  int request, kv_head, row_tile;
  int length;         // tokens of the request, the new ones included
  int split, splits;  // of this request
  int first, last;    // tiles

  SIMT_DEVICE DecodeRange(const DecodeOperands& o, int tile_tokens) {
    request = static_cast<int>(blockIdx.z);
    kv_head = static_cast<int>(blockIdx.y) % o.paged.kv_heads;
    row_tile = static_cast<int>(blockIdx.y) / o.paged.kv_heads;
    split = static_cast<int>(blockIdx.x);
    length = o.paged.context[request] + o.paged.tokens;
    const int tiles = (length + tile_tokens - 1) / tile_tokens;
    splits = (tiles + o.split_tiles - 1) / o.split_tiles;
    first = split * o.split_tiles;
    last = first + o.split_tiles < tiles ? first + o.split_tiles : tiles;
  }
};

// The rows of a row tile: row r is query head r % group of new token r / group.
struct DecodeRows {
  int group, first, count;

  SIMT_DEVICE DecodeRows(const PagedOperands& p, int row_tile)
      : group(p.q_heads / p.kv_heads), first(row_tile * kDecodeRows) {
    const int left = p.tokens * group - first;
    count = left < kDecodeRows ? left : kDecodeRows;
  }
  // Among the heads of q and out.
  SIMT_DEVICE int64_t head(const PagedOperands& p, int request, int kv_head, int row) const {
    const int token = (first + row) / group, head = (first + row) % group;
    return (static_cast<int64_t>(request) * p.tokens + token) * p.q_heads + kv_head * group + head;
  }
  SIMT_DEVICE int token(int row) const { return (first + row) / group; }
};

// One warp's quarter of a range.
template <class Cache, int kHeadDim>
class DecodeWarp {
 public:
  using Tile = DecodeTile<Cache, kHeadDim>;
  using Stages = unsigned char[Tile::kStages][Tile::kStage];
  static constexpr int kSteps = kHeadDim / 16, kParts = kHeadDim / 32, kTiles = kHeadDim / 8;

  SIMT_DEVICE DecodeWarp(const PagedOperands& p, const DecodeRange& range, const DecodeRows& rows,
                         Stages& stages)
      : p_(p), range_(range), stages_(stages), lane_(static_cast<int>(threadIdx.x % 32)) {
    const int warp = static_cast<int>(threadIdx.x / 32);
    const int quarter = (range.last - range.first + kDecodeWarps - 1) / kDecodeWarps;
    first_ = range.first + warp * quarter;
    last_ = first_ + quarter < range.last ? first_ + quarter : range.last;
    load_queries(rows);
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      const int row = lane_ / 4 + 8 * h;
      seen_[h] = range.length - p.tokens + rows.token(row < rows.count ? row : 0) + 1;
    }
    // Every row sees all tokens of tiles up to this one.
    unmasked_ = (range.length - p.tokens + rows.token(0) + 1) / Tile::kTokens;
  }

  SIMT_DEVICE void run() {
    PageNumbers numbers(p_.block_table + static_cast<int64_t>(range_.request) * p_.max_blocks,
                        first_ * Tile::kPages, (range_.length + kPageTokens - 1) / kPageTokens);
    SIMT_UNROLL for (int i = 0; i < Tile::kStages - 1; ++i) fetch(numbers, first_ + i, i);
    int stage = 0, next = Tile::kStages - 1;
    for (int tile = first_; tile < last_; ++tile) {
      simt::copy_wait<Tile::kStages - 2>();
      // All lanes' bytes are here, and all lanes are done with the stage that is filled next.
      simt::warp_barrier();
      fetch(numbers, tile + Tile::kStages - 1, next);
      attend(tile, stages_[stage]);
      stage = stage + 1 == Tile::kStages ? 0 : stage + 1;
      next = next + 1 == Tile::kStages ? 0 : next + 1;
    }
    simt::copy_wait<0>();
    softmax_.finish();
  }

  template <class Results>
  SIMT_DEVICE void store(Results& to, int warp) const {
    const int g = lane_ / 4, t = lane_ % 4;
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
        SIMT_UNROLL for (int i = 0; i < 2; ++i) {
          to.out[warp][g + 8 * h][Cache::element(j, t, i)] = out_[j][2 * h + i];
        }
      }
      if (t == 0) {
        to.largest[warp][g + 8 * h] = softmax_.largest[h];
        to.sum[warp][g + 8 * h] = softmax_.sum[h];
      }
    }
  }

 private:
  SIMT_DEVICE void load_queries(const DecodeRows& rows) {
    const auto* q = static_cast<const uint32_t*>(p_.q);
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      const int row = lane_ / 4 + 8 * h;
      const bool real = row < rows.count;
      const int64_t head = rows.head(p_, range_.request, range_.kv_head, real ? row : 0);
      SIMT_UNROLL for (int step = 0; step < kSteps; ++step) {
        const simt::Words2 words = Cache::queries(q + (head * kHeadDim + 16 * step) / 2, lane_ % 4);
        q_[step][h] = real ? words.w[0] : 0;
        q_[step][h + 2] = real ? words.w[1] : 0;
      }
    }
  }

  // Commits a group in any case, so that waiting counts tiles.
  SIMT_DEVICE void fetch(PageNumbers& numbers, int tile, int stage) {
    if (tile < last_) {
      const auto* keys = static_cast<const unsigned char*>(p_.keys);
      const auto* values = static_cast<const unsigned char*>(p_.values);
      const int base = (tile - first_) * Tile::kPages;
      numbers.reach(base);
      SIMT_UNROLL for (int i = 0; i < Tile::kPages; ++i) {
        const int64_t block = numbers.at(base + i);
        const int64_t from = (block * p_.kv_heads + range_.kv_head) * Tile::kPage;
        const int valid = range_.length - tile * Tile::kTokens - i * kPageTokens;
        unsigned char* to = stages_[stage] + i * Tile::kPage;
        copy_page<Tile::kRow>(to, keys + from, valid);
        copy_page<Tile::kRow>(to + Tile::kPages * Tile::kPage, values + from, valid);
      }
    }
    simt::copy_commit();
  }

  SIMT_DEVICE void attend(int tile, const unsigned char* keys) {
    float s[2 * Tile::kPages][4] = {};
    const int key_at = key_place<Tile::kRow>(lane_);
    SIMT_UNROLL for (int i = 0; i < Tile::kPages; ++i) {
      SIMT_UNROLL for (int part = 0; part < kParts; ++part) {
        uint32_t b[2][2][2];
        Cache::keys(b, keys + i * Tile::kPage, key_at, part);
        SIMT_UNROLL for (int step = 0; step < 2; ++step) {
          simt::mma_bf16(s[2 * i], q_[2 * part + step], b[step][0]);
          simt::mma_bf16(s[2 * i + 1], q_[2 * part + step], b[step][1]);
        }
      }
    }
    constexpr int kScores = 2 * Tile::kPages;
    if (tile >= unmasked_) mask<kScores>(s, tile * Tile::kTokens, seen_);
    float correction[2];
    if (softmax_.take<kScores>(s, p_.scale_log2 * Cache::kQueryFactor, Cache::kProbabilityExponent,
                               correction)) {
      correct<kTiles>(out_, correction);
    }
    const unsigned char* values = keys + Tile::kPages * Tile::kPage;
    const int value_at = value_place<Tile::kRow>(lane_);
    SIMT_UNROLL for (int i = 0; i < Tile::kPages; ++i) {
      uint32_t a[4];
      probabilities(a, s, i);
      SIMT_UNROLL for (int part = 0; part < kParts; ++part) {
        uint32_t b[4][2];
        Cache::values(b, values + i * Tile::kPage, value_at, part);
        SIMT_UNROLL for (int j = 0; j < 4; ++j) simt::mma_bf16(out_[4 * part + j], a, b[j]);
      }
    }
  }

  const PagedOperands& p_;
  const DecodeRange& range_;
  Stages& stages_;
  int lane_, first_, last_, unmasked_;
  int seen_[2];  // tokens that rows g and g + 8 see
  uint32_t q_[kSteps][4];
  float out_[kTiles][4] = {};
  Softmax softmax_;
};

// One block's results, of its four warps; of all ranges, where it is the last of them.
template <class Cache, int kHeadDim>
class DecodeResults {
 public:
  using Results = typename DecodeShared<Cache, kHeadDim>::Results;
  static constexpr int kFours = kHeadDim / 4;

  SIMT_DEVICE DecodeResults(const DecodeOperands& o, const DecodeRange& range,
                            const DecodeRows& rows)
      : o_(o), range_(range), rows_(rows), factor_(o.paged.scale_log2 * Cache::kQueryFactor) {
    of_tile_ = static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y;
  }

  SIMT_DEVICE void combine_warps(const Results& from) const {
    for_each_four([&](int row, int column) {
      const Combined all(kDecodeWarps, &from.out[0][row][column], kDecodeRows * (kHeadDim + 8),
                         &from.largest[0][row], &from.sum[0][row], kDecodeRows, factor_);
      if (range_.splits == 1) {
        write(row, column, all);
        return;
      }
      all.store(partial_out(range_.split) + row * kHeadDim + column, 1);
      if (column == 0) {
        partial_state(range_.split)[row] = all.largest;
        partial_state(range_.split)[kDecodeRows + row] = all.sum;
      }
    });
  }

  SIMT_DEVICE void combine_ranges(Results& shared) const {
    simt::barrier();
    if (threadIdx.x == 0) shared.before = simt::atomic_add_ordered(o_.arrived + of_tile_, 1U);
    simt::barrier();
    if (shared.before + 1 != static_cast<unsigned>(range_.splits)) return;
    if (threadIdx.x == 0) o_.arrived[of_tile_] = 0;
    for_each_four([&](int row, int column) {
      const float* state = partial_state(0) + row;
      write(row, column,
            Combined(range_.splits, partial_out(0) + row * kHeadDim + column,
                     kDecodeRows * kHeadDim, state, state + kDecodeRows, 2 * kDecodeRows, factor_));
    });
  }

 private:
  template <class Visit>
  SIMT_DEVICE void for_each_four(Visit visit) const {
    for (int i = static_cast<int>(threadIdx.x); i < rows_.count * kFours; i += kDecodeWarps * 32) {
      visit(i / kFours, i % kFours * 4);
    }
  }
  SIMT_DEVICE void write(int row, int column, const Combined& all) const {
    const int64_t head = rows_.head(o_.paged, range_.request, range_.kv_head, row);
    all.store(o_.paged.out + head * kHeadDim + column,
              simt::divide(1.0F, all.sum) * Cache::kOutFactor);
  }
  SIMT_DEVICE float* partial_out(int split) const {
    return o_.partial_out + (of_tile_ * gridDim.x + split) * (kDecodeRows * kHeadDim);
  }
  SIMT_DEVICE float* partial_state(int split) const {
    return o_.partial_state + (of_tile_ * gridDim.x + split) * (2 * kDecodeRows);
  }

  const DecodeOperands& o_;
  const DecodeRange& range_;
  const DecodeRows& rows_;
  float factor_;
  int64_t of_tile_;
};

// Grid: splits, kv_heads x row tiles, requests. Blocks of 128.
template <class Cache, int kHeadDim>
SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(kDecodeWarps * 32, 2) decode(const DecodeOperands o) {
  using Shared = DecodeShared<Cache, kHeadDim>;
  const DecodeRange range(o, Shared::Tile::kTokens);
  if (range.first >= range.last) return;
  auto& shared = simt::shared<Shared>();
  const int warp = static_cast<int>(threadIdx.x / 32);
  const DecodeRows rows(o.paged, range.row_tile);
  DecodeWarp<Cache, kHeadDim> mine(o.paged, range, rows, shared.stages[warp]);
  mine.run();
  simt::barrier();  // results take the place of the stages
  mine.store(shared.results, warp);
  simt::barrier();
  const DecodeResults<Cache, kHeadDim> results(o, range, rows);
  results.combine_warps(shared.results);
  if (range.splits > 1) results.combine_ranges(shared.results);
}

}  // namespace inferbench::cuda_attention

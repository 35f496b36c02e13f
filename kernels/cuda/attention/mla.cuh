#pragma once

// Decode of multi-head latent attention in its absorbed form (kernels/attention/problem.hpp):
// queries of 576 elements over a paged cache of latents of 512 elements and 64 that carry the
// position, bf16; a token's value is its latent. By wgmma, sm_90a; after FlashMLA's division of
// work.
//
// With 128 heads it is bound by the tensor cores, 242 FLOP per byte of cache; with 16, as on one of
// eight tensor-parallel ranks, by memory. 64 query rows (heads times new tokens) share a pass over
// the cache, 64 tokens at a time. Results of 64 x 512 do not fit the registers of four warps, so
// two groups of four have half of the value's elements each; the first also computes scores and
// probabilities, which the second takes from shared memory. Scores of the next tile are under way
// while values of this one are weighed. Four more warps copy. Queries take 72 KB, each of two
// stages 72, probabilities 8.

#include "kernels/cuda/attention/combined.cuh"
#include "kernels/cuda/attention/mla_plan.hpp"
#include "kernels/cuda/attention/paged.cuh"
#include "kernels/cuda/simt/hopper.cuh"

namespace inferbench::cuda_attention {

struct MlaOperands {
  PagedOperands paged;  // keys: the cache; values: not looked at
  int split_tiles;      // tiles of a range
  // [requests, row tiles, splits, 64, 512]: results before they are divided; and [.., 2, 64]: the
  // largest scores and the sums.
  float *partial_out, *partial_state;
  unsigned* arrived;  // [requests, row tiles]: ranges that are done; 0 before and after
};

// 64 rows of queries or cache: nine tiles of 64 elements, as products take them.
struct alignas(1024) MlaRows {
  static constexpr int kTiles = kMlaKey / 64, kTile = 64 * 128;
  unsigned char bytes[kTiles * kTile];
};

struct MlaShared {
  MlaRows q, cache[2];
  alignas(1024) unsigned char probabilities[kMlaRows * 128];
  float correction[kMlaRows], largest[kMlaRows], sum[kMlaRows];
  simt::Gate q_full, full[2], empty[2], taken, weighed;  // taken: probabilities are there
  unsigned before;
};

static_assert(sizeof(MlaShared) <= 227 * 1024);

// One block's part of the work.
struct MlaRange {
  int request, row, rows;          // first of the request's rows, and how many
  int context, length;             // tokens cached before the new ones; all tokens
  int split, splits, first, last;  // tiles
  int64_t of_tile;                 // the row tile among all requests'

  SIMT_DEVICE explicit MlaRange(const MlaOperands& o) {
    const PagedOperands& p = o.paged;
    split = static_cast<int>(blockIdx.x);
    request = static_cast<int>(blockIdx.z);
    of_tile = static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y;
    row = static_cast<int>(blockIdx.y) * kMlaRows;
    const int left = p.tokens * p.q_heads - row;
    rows = left < kMlaRows ? left : kMlaRows;
    context = p.context[request];
    length = context + p.tokens;
    const int tiles = (length + kMlaTokens - 1) / kMlaTokens;
    splits = (tiles + o.split_tiles - 1) / o.split_tiles;
    first = split * o.split_tiles;
    last = first + o.split_tiles < tiles ? first + o.split_tiles : tiles;
  }
  // Where its first row lies in q and out, in rows.
  SIMT_DEVICE int64_t at(const PagedOperands& p) const {
    return static_cast<int64_t>(request) * p.tokens * p.q_heads + row;
  }
};

// The four warps that copy: 16 rows each, a page of the cache.
class MlaCopier {
 public:
  SIMT_DEVICE MlaCopier(const PagedOperands& p, const MlaRange& range, MlaShared& shared)
      : p_(p), range_(range), shared_(shared) {}

  SIMT_DEVICE void run() {
    const auto* q = static_cast<const unsigned char*>(p_.q);
    const int row = warp() * kPageTokens;
    copy(shared_.q, q + (range_.at(p_) + row) * kRowBytes, range_.rows - row);
    simt::copies_arrive(shared_.q_full);
    int next = block_of(range_.first);
    for (int tile = range_.first; tile < range_.last; ++tile) {
      const int stage = (tile - range_.first) % 2, turn = (tile - range_.first) / 2;
      const int64_t block = next;
      next = block_of(tile + 1);  // so that no copy waits for a block's number
      simt::gate_wait(shared_.empty[stage], (turn & 1) ^ 1);
      copy(shared_.cache[stage],
           static_cast<const unsigned char*>(p_.keys) + block * kPageTokens * kRowBytes,
           range_.length - tile * kMlaTokens - row);
      simt::copies_arrive(shared_.full[stage]);
    }
    simt::copies_end();
  }

 private:
  static constexpr int kRowBytes = kMlaKey * 2;
  SIMT_DEVICE static int warp() { return static_cast<int>(threadIdx.x / 32); }

  SIMT_DEVICE int block_of(int tile) const {
    const int page = tile * (kMlaTokens / kPageTokens) + warp();
    if (page * kPageTokens >= range_.length) return 0;
    return p_.block_table[static_cast<int64_t>(range_.request) * p_.max_blocks + page];
  }

  // This warp's 16 rows, which lie one after the other; zeros from `valid` on.
  SIMT_DEVICE static void copy(MlaRows& to, const unsigned char* rows, int valid) {
    const int lane = static_cast<int>(threadIdx.x % 32), row = lane / 8;
    const unsigned char* from = rows + row * kRowBytes + lane % 8 * 16;
    unsigned char* first = to.bytes + warp() * kPageTokens * 128;
    const int at = place<128>(row, lane % 8);
    SIMT_UNROLL for (int tile = 0; tile < MlaRows::kTiles; ++tile) {
      SIMT_UNROLL for (int down = 0; down < kPageTokens; down += 4) {
        simt::copy_async16(first + tile * MlaRows::kTile + (at ^ (down & 7) * 16) + down * 128,
                           from + down * kRowBytes + tile * 128, row + down < valid);
      }
    }
  }

  const PagedOperands& p_;
  const MlaRange& range_;
  MlaShared& shared_;
};

// What the two groups that multiply have in common: 64 rows by 256 of the values' elements.
class MlaGroup {
 public:
  static constexpr int kHalf = kMlaValue / 2, kTiles = kHalf / 8;

  SIMT_DEVICE MlaGroup(const MlaOperands& o, const MlaRange& range, MlaShared& shared, int half)
      : o_(o), range_(range), shared_(shared), half_(half) {}

 protected:
  SIMT_DEVICE static void wait(simt::Gate& gate, unsigned parity) {
    simt::gate_wait(gate, parity);
    simt::products_see_writes();
  }
  SIMT_DEVICE static void release(simt::Gate& gate) {
    if (threadIdx.x % 32 == 0) simt::gate_arrive(gate);
  }
  SIMT_DEVICE uint64_t values(int stage) const {
    return simt::transposed_operand(&shared_.cache[stage], MlaRows::kTile) +
           half_ * (kHalf / 64 * MlaRows::kTile / 16);
  }
  // This thread's first row; the second is eight on.
  SIMT_DEVICE static int row() {
    return static_cast<int>(threadIdx.x) / 32 % 4 * 16 + static_cast<int>(threadIdx.x) % 32 / 4;
  }

  // To out, or to the range's place among the partial results.
  SIMT_DEVICE void store(float* to, const float (&factor)[2]) const {
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      if (row() + 8 * h >= range_.rows) continue;
      float* of_row = to + (row() + 8 * h) * kMlaValue + half_ * kHalf + 2 * (threadIdx.x % 4);
      SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
        simt::store8(of_row + 8 * j, {{simt::as_bits(out_[4 * j + 2 * h] * factor[h]),
                                       simt::as_bits(out_[4 * j + 2 * h + 1] * factor[h])}});
      }
    }
  }

  // Both groups, after the first has put largest scores and sums into shared memory.
  SIMT_DEVICE void finish() const {
    simt::named_barrier(1, 256);
    if (range_.splits == 1) {
      store(o_.paged.out + range_.at(o_.paged) * kMlaValue,
            {simt::divide(1.0F, shared_.sum[row()]), simt::divide(1.0F, shared_.sum[row() + 8])});
      return;
    }
    store(partial_out(range_.split), {1, 1});
    const int thread = static_cast<int>(threadIdx.x) - 128;
    if (thread < kMlaRows) {
      partial_state(range_.split)[thread] = shared_.largest[thread];
      partial_state(range_.split)[kMlaRows + thread] = shared_.sum[thread];
    }
    simt::named_barrier(1, 256);
    unsigned* arrived = o_.arrived + range_.of_tile;
    if (thread == 0) shared_.before = simt::atomic_add_ordered(arrived, 1U);
    simt::named_barrier(1, 256);
    if (shared_.before + 1 != static_cast<unsigned>(range_.splits)) return;
    if (thread == 0) *arrived = 0;
    constexpr int kFours = kMlaValue / 4;
    for (int i = thread; i < range_.rows * kFours; i += 256) {
      const int at = i / kFours, column = i % kFours * 4;
      const float* state = partial_state(0) + at;
      const Combined all(range_.splits, partial_out(0) + at * kMlaValue + column,
                         kMlaRows * kMlaValue, state, state + kMlaRows, 2 * kMlaRows,
                         o_.paged.scale_log2);
      all.store(o_.paged.out + (range_.at(o_.paged) + at) * kMlaValue + column,
                simt::divide(1.0F, all.sum));
    }
  }

  SIMT_DEVICE float* partial_out(int split) const {
    return o_.partial_out + (range_.of_tile * gridDim.x + split) * (kMlaRows * kMlaValue);
  }
  SIMT_DEVICE float* partial_state(int split) const {
    return o_.partial_state + (range_.of_tile * gridDim.x + split) * (2 * kMlaRows);
  }

  const MlaOperands& o_;
  const MlaRange& range_;
  MlaShared& shared_;
  int half_;
  float out_[kHalf / 2];
};

// Scores, probabilities, and the first half of the values.
class MlaFirst : MlaGroup {
 public:
  SIMT_DEVICE MlaFirst(const MlaOperands& o, const MlaRange& range, MlaShared& shared)
      : MlaGroup(o, range, shared, 0) {}

  SIMT_DEVICE void run() {
    float s[kMlaTokens / 2];
    uint32_t p[kMlaTokens / 16][4];
    float correction[2];
    const int tiles = range_.last - range_.first;
    wait(shared_.q_full, 0);
    score(s, 0);
    simt::products_wait<0>();
    take(s, 0, correction);
    share(p, s, correction);
    for (int i = 1; i < tiles; ++i) {
      score(s, i);
      weigh(p, i - 1);
      simt::products_wait<1>();  // the scores, which are older
      take(s, i, correction);
      simt::products_wait<0>();
      simt::products_hold(out_);
      release(shared_.empty[(i - 1) % 2]);
      simt::gate_wait(shared_.weighed, (i - 1) & 1);
      share(p, s, correction);
      correct<kTiles>(out_, correction);
    }
    weigh(p, tiles - 1);
    simt::products_wait<0>();
    simt::products_hold(out_);
    softmax_.finish();
    if (threadIdx.x % 4 == 0) {
      SIMT_UNROLL for (int h = 0; h < 2; ++h) {
        shared_.largest[row() + 8 * h] = softmax_.largest[h];
        shared_.sum[row() + 8 * h] = softmax_.sum[h];
      }
    }
    finish();
  }

 private:
  static constexpr int kScores = kMlaTokens / 8;

  SIMT_DEVICE void score(float (&s)[kMlaTokens / 2], int i) {
    wait(shared_.full[i % 2], i / 2 & 1);
    const uint64_t q = simt::computed_here(simt::operand(&shared_.q));
    const uint64_t keys = simt::computed_here(simt::operand(&shared_.cache[i % 2]));
    simt::products_hold(s);
    simt::products_fence();
    SIMT_UNROLL for (int step = 0; step < kMlaKey / 16; ++step) {
      const int at = step / 4 * (MlaRows::kTile / 16) + step % 4 * 2;
      simt::products_bf16(s, q + at, keys + at, step);
    }
    simt::products_commit();
  }

  SIMT_DEVICE void take(float (&s)[kMlaTokens / 2], int i, float (&correction)[2]) {
    simt::products_hold(s);
    const int key = (range_.first + i) * kMlaTokens;
    const int token = range_.row / o_.paged.q_heads;
    if (key + kMlaTokens > range_.context + token + 1) {
      const int of_row[2] = {(range_.row + row()) / o_.paged.q_heads,
                             (range_.row + row() + 8) / o_.paged.q_heads};
      mask<kScores>(s, key, {range_.context + of_row[0] + 1, range_.context + of_row[1] + 1});
    }
    softmax_.template take<kScores>(s, o_.paged.scale_log2, 0, correction);
  }

  // Keeps probabilities as an operand, and shares them with the second group.
  SIMT_DEVICE void share(uint32_t (&p)[kMlaTokens / 16][4], float (&s)[kMlaTokens / 2],
                         const float (&correction)[2]) {
    SIMT_UNROLL for (int step = 0; step < kMlaTokens / 16; ++step) probabilities(p[step], s, step);
    const int t = static_cast<int>(threadIdx.x % 4);
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      const int at = row() + 8 * h;
      SIMT_UNROLL for (int j = 0; j < kScores; ++j) {
        unsigned char* to = shared_.probabilities + place<128>(at, j) + 4 * t;
        *reinterpret_cast<uint32_t*>(to) = p[j / 2][j % 2 * 2 + h];
      }
      if (t == 0) shared_.correction[at] = correction[h];
    }
    simt::products_see_writes();
    simt::gate_arrive(shared_.taken);
  }

  SIMT_DEVICE void weigh(const uint32_t (&p)[kMlaTokens / 16][4], int i) {
    const uint64_t from = values(i % 2);
    simt::products_hold(out_);
    simt::products_fence();
    SIMT_UNROLL for (int step = 0; step < kMlaTokens / 16; ++step) {
      simt::products_bf16_transposed(out_, p[step], from + 128 * step, i | step);
    }
    simt::products_commit();
  }

  Softmax softmax_;
};

// The second half of the values.
class MlaSecond : MlaGroup {
 public:
  SIMT_DEVICE MlaSecond(const MlaOperands& o, const MlaRange& range, MlaShared& shared)
      : MlaGroup(o, range, shared, 1) {}

  SIMT_DEVICE void run() {
    const int tiles = range_.last - range_.first;
    for (int i = 0; i < tiles; ++i) {
      wait(shared_.full[i % 2], i / 2 & 1);
      wait(shared_.taken, i & 1);
      if (i > 0) {
        const float correction[2] = {shared_.correction[row()], shared_.correction[row() + 8]};
        if (simt::ballot(correction[0] != 1 || correction[1] != 1) != 0) {
          correct<kTiles>(out_, correction);
        }
      }
      const uint64_t p = simt::operand(shared_.probabilities), from = values(i % 2);
      simt::products_hold(out_);
      simt::products_fence();
      SIMT_UNROLL for (int step = 0; step < kMlaTokens / 16; ++step) {
        simt::products_bf16_transposed(out_, p + 2 * step, from + 128 * step, i | step);
      }
      simt::products_commit();
      simt::products_wait<0>();
      simt::products_hold(out_);
      release(shared_.weighed);
      release(shared_.empty[i % 2]);
    }
    finish();
  }
};

// Grid: splits, row tiles, requests. Threads: 384.
SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(384, 1) mla_decode(const MlaOperands o) {
  const MlaRange range(o);
  if (range.first >= range.last) return;
  auto& shared = simt::shared<MlaShared>();
  if (threadIdx.x == 0) {
    simt::gate_open(shared.q_full, 128);
    for (int i = 0; i < 2; ++i) {
      simt::gate_open(shared.full[i], 128);
      simt::gate_open(shared.empty[i], 8);  // warps
    }
    simt::gate_open(shared.taken, 128);
    simt::gate_open(shared.weighed, 4);
    simt::gates_ready();
  }
  simt::barrier();
  if (threadIdx.x < 128) {
    simt::give_registers<56>();
    MlaCopier(o.paged, range, shared).run();
  } else if (threadIdx.x < 256) {
    simt::take_registers<224>();
    MlaFirst(o, range, shared).run();
  } else {
    simt::take_registers<224>();
    MlaSecond(o, range, shared).run();
  }
}

}  // namespace inferbench::cuda_attention

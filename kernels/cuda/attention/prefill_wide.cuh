#pragma once

// prefill.cuh by wgmma (sm_90a), limited by the tensor cores; after FlashAttention-3, arXiv
// 2407.08608.
//
// Four warps copy pages into shared memory, two tiles of 128 keys and values ahead; twice four
// warps have 64 tokens each of one query head. Scores of the next tile are under way while values
// of this one are weighed and exponentials of the next are taken, and the two groups take turns at
// the tensor cores, so that one's exponentials fall on the other's products. Blocks stay and take
// one part of the work after another, the costly ones first and every other round in reverse, so
// that all blocks get about the same.

#include "kernels/cuda/attention/paged.cuh"
#include "kernels/cuda/attention/prefill_work.cuh"
#include "kernels/cuda/simt/hopper.cuh"

namespace inferbench::cuda_attention {

inline constexpr int kWideCopiers = 128;  // threads

// Rows of 64 elements, as products take them; one tile per 64 elements of a head.
template <int kHeadDim>
struct alignas(1024) WideRows {
  static constexpr int kTile = 128 * 128, kTiles = kHeadDim / 64;
  unsigned char bytes[kTiles * kTile];

  // Of `chunk`, 16 bytes of a row. That of row + n, n a multiple of a power of two beyond `row`,
  // lies at down(.., n).
  SIMT_DEVICE static int at(int row, int chunk) {
    return chunk / 8 * kTile + place<128>(row, chunk % 8);
  }
  SIMT_DEVICE static int down(int at, int n) { return (at ^ (n & 7) * 16) + n * 128; }
};

template <int kHeadDim>
struct WidePrefillShared {
  WideRows<kHeadDim> q, keys[2], values[2];
  simt::Gate q_full, q_empty, keys_full[2], keys_empty[2], values_full[2], values_empty[2];
};

// One of two stages, and how often both have been used.
struct WideTurn {
  int index = 0;
  unsigned parity = 0;
  SIMT_DEVICE void next() {
    index ^= 1;
    if (index == 0) parity ^= 1;
  }
};

// The four warps that copy, as far as there is room.
template <int kHeadDim>
class WideCopier {
 public:
  using Shared = WidePrefillShared<kHeadDim>;
  using Rows = WideRows<kHeadDim>;
  static constexpr int kChunks = kHeadDim / 8, kPage = kPageTokens * kHeadDim * 2;

  SIMT_DEVICE WideCopier(const PagedOperands& p, Shared& shared) : p_(p), shared_(shared) {}

  SIMT_DEVICE void run(const PrefillWork& all) {
    unsigned q_parity = 1;
    for (int64_t i = all.first(); i < all.parts; i = all.after(i), q_parity ^= 1) {
      const PrefillPart part = all.part(i, p_.context);
      simt::gate_wait(shared_.q_empty, q_parity);
      copy_queries(part);
      simt::copies_arrive(shared_.q_full);
      copy_cache(part);
    }
    simt::copies_end();
  }

 private:
  SIMT_DEVICE static int warp() { return static_cast<int>(threadIdx.x / 32); }
  SIMT_DEVICE static int lane() { return static_cast<int>(threadIdx.x % 32); }

  SIMT_DEVICE void copy_queries(const PrefillPart& part) {
    constexpr int kStep = kWideCopiers / kChunks;  // rows per turn
    const int row = static_cast<int>(threadIdx.x) / kChunks;
    const int chunk = static_cast<int>(threadIdx.x) % kChunks;
    const int64_t head =
        (static_cast<int64_t>(part.request) * p_.tokens + part.token + row) * p_.q_heads +
        part.head;
    const auto* from = static_cast<const unsigned char*>(p_.q) + (head * kChunks + chunk) * 16;
    unsigned char* to = shared_.q.bytes + Rows::at(row, chunk);
    for (int down = 0; down < kPrefillTile; down += kStep) {
      static_assert(kStep % 8 == 0);
      simt::copy_async16(to + down * 128, from, part.token + row + down < p_.tokens);
      from += int64_t{kStep} * p_.q_heads * kChunks * 16;
    }
  }

  // From the last tile to the first: the last are masked, so no other has to ask.
  SIMT_DEVICE void copy_cache(const PrefillPart& part) {
    const int kv_head = part.head / (p_.q_heads / p_.kv_heads);
    int64_t page[2], next[2];
    find_pages(part, part.tiles - 1, kv_head, next);
    for (int tile = part.tiles - 1; tile >= 0; --tile, turn_.next()) {
      page[0] = next[0], page[1] = next[1];
      find_pages(part, tile - 1, kv_head, next);  // so that no copy waits for a page's number
      simt::gate_wait(shared_.keys_empty[turn_.index], turn_.parity ^ 1);
      copy_tile(shared_.keys[turn_.index], p_.keys, page, part.length - tile * kPrefillTile);
      simt::copies_arrive(shared_.keys_full[turn_.index]);
      simt::gate_wait(shared_.values_empty[turn_.index], turn_.parity ^ 1);
      copy_tile(shared_.values[turn_.index], p_.values, page, part.length - tile * kPrefillTile);
      simt::copies_arrive(shared_.values_full[turn_.index]);
    }
  }

  // Where this warp's two of a tile's eight pages lie.
  SIMT_DEVICE void find_pages(const PrefillPart& part, int tile, int kv_head,
                              int64_t (&page)[2]) const {
    SIMT_UNROLL for (int i = 0; i < 2; ++i) {
      const int number = tile * 8 + warp() * 2 + i;
      const bool real = tile >= 0 && number * kPageTokens < part.length;
      const int64_t row = static_cast<int64_t>(part.request) * p_.max_blocks;
      const int64_t block = real ? p_.block_table[row + number] : 0;
      page[i] = (block * p_.kv_heads + kv_head) * kPage;
    }
  }

  SIMT_DEVICE void copy_tile(Rows& to, const void* cache, const int64_t (&page)[2],
                             int valid) const {
    constexpr int kStep = 32 / kChunks;  // rows per turn
    const int row = lane() / kChunks, at = Rows::at(row, lane() % kChunks);
    SIMT_UNROLL for (int i = 0; i < 2; ++i) {
      const int first = warp() * 32 + i * kPageTokens, left = valid - first - row;
      const auto* from = static_cast<const unsigned char*>(cache) + page[i] + lane() * 16;
      unsigned char* rows = to.bytes + first * 128;
      SIMT_UNROLL for (int j = 0; j < kPageTokens; j += kStep) {
        simt::copy_async16(rows + Rows::down(at, j), from + j * kChunks * 16, j < left);
      }
    }
  }

  const PagedOperands& p_;
  Shared& shared_;
  WideTurn turn_;
};

// Four warps with 64 tokens of each part.
template <int kHeadDim>
class WideAttention {
 public:
  using Shared = WidePrefillShared<kHeadDim>;
  using Rows = WideRows<kHeadDim>;
  static constexpr int kScores = kPrefillTile / 8, kTiles = kHeadDim / 8;

  SIMT_DEVICE WideAttention(const PagedOperands& p, Shared& shared)
      : p_(p), shared_(shared), group_(static_cast<int>(threadIdx.x / 128) - 1) {}

  SIMT_DEVICE void run(const PrefillWork& all) {
    if (group_ == 1) simt::named_arrive(1, 256);  // the first turn is the other group's
    unsigned q_parity = 0;
    for (int64_t i = all.first(); i < all.parts; i = all.after(i), q_parity ^= 1) {
      const PrefillPart part = all.part(i, p_.context);
      wait(shared_.q_full, q_parity);
      attend(part);
    }
  }

 private:
  SIMT_DEVICE void attend(const PrefillPart& part) {
    float out[kHeadDim / 2], s[kPrefillTile / 2];
    uint32_t p[kScores / 2][4];
    Softmax softmax;
    float correction[2];
    int tile = part.tiles - 1;
    wait(shared_.keys_full[keys_.index], keys_.parity);
    score(s);
    simt::products_wait<0>();
    release_keys();
    take(s, softmax, correction, part, tile);
    keep(p, s);
    int weighed = 0;
    while (--tile >= 0) {
      wait(shared_.keys_full[keys_.index], keys_.parity);
      wait(shared_.values_full[values_.index], values_.parity);
      simt::named_barrier(1 + group_, 256);
      score(s);
      weigh(out, p, weighed);
      simt::named_arrive(2 - group_, 256);
      simt::products_wait<1>();
      release_keys();
      take(s, softmax, correction, part, tile);
      simt::products_wait<0>();
      simt::products_hold(out);
      release_values();
      correct<kTiles>(out, correction);
      keep(p, s);
      weighed = 1;
    }
    release(shared_.q_empty);
    wait(shared_.values_full[values_.index], values_.parity);
    weigh(out, p, weighed);
    simt::products_wait<0>();
    simt::products_hold(out);
    release_values();
    softmax.finish();
    store(out, softmax, part);
  }

  SIMT_DEVICE void score(float (&s)[kPrefillTile / 2]) {
    const uint64_t q = simt::operand(&shared_.q) + group_ * (64 * 128 / 16);
    const uint64_t keys = simt::operand(&shared_.keys[keys_.index]);
    simt::products_hold(s);
    simt::products_fence();
    SIMT_UNROLL for (int step = 0; step < kHeadDim / 16; ++step) {
      const int at = step / 4 * (Rows::kTile / 16) + step % 4 * 2;
      simt::products_bf16(s, q + at, keys + at, step);
    }
    simt::products_commit();
  }

  SIMT_DEVICE void weigh(float (&out)[kHeadDim / 2], const uint32_t (&p)[kScores / 2][4],
                         int accumulate) {
    const uint64_t values = simt::transposed_operand(&shared_.values[values_.index], Rows::kTile);
    simt::products_hold(out);
    simt::products_fence();
    SIMT_UNROLL for (int step = 0; step < kScores / 2; ++step) {
      simt::products_bf16_transposed(out, p[step], values + 128 * step, accumulate | step);
    }
    simt::products_commit();
  }

  SIMT_DEVICE void take(float (&s)[kPrefillTile / 2], Softmax& softmax, float (&correction)[2],
                        const PrefillPart& part, int tile) const {
    simt::products_hold(s);
    const int seen = part.context + part.token + row() + 1;
    // The group's first token sees less than all of the tile.
    if ((tile + 1) * kPrefillTile > part.context + part.token + group_ * 64 + 1) {
      mask<kScores>(s, tile * kPrefillTile, {seen, seen + 8});
    }
    softmax.take<kScores>(s, p_.scale_log2, 0, correction);
  }

  SIMT_DEVICE static void keep(uint32_t (&p)[kScores / 2][4], float (&s)[kPrefillTile / 2]) {
    SIMT_UNROLL for (int step = 0; step < kScores / 2; ++step) probabilities(p[step], s, step);
  }

  SIMT_DEVICE static void wait(simt::Gate& gate, unsigned parity) {
    simt::gate_wait(gate, parity);
    simt::products_see_writes();
  }
  SIMT_DEVICE void release_keys() {
    release(shared_.keys_empty[keys_.index]);
    keys_.next();
  }
  SIMT_DEVICE void release_values() {
    release(shared_.values_empty[values_.index]);
    values_.next();
  }
  SIMT_DEVICE static void release(simt::Gate& gate) {
    if (threadIdx.x % 32 == 0) simt::gate_arrive(gate);
  }

  SIMT_DEVICE void store(const float (&out)[kHeadDim / 2], const Softmax& softmax,
                         const PrefillPart& part) const {
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      const int token = part.token + row() + 8 * h;
      if (token >= p_.tokens) continue;
      const float factor = simt::divide(1.0F, softmax.sum[h]);
      const int64_t head =
          (static_cast<int64_t>(part.request) * p_.tokens + token) * p_.q_heads + part.head;
      float* to = p_.out + head * kHeadDim + 2 * (threadIdx.x % 4);
      SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
        simt::store8(to + 8 * j, {{simt::as_bits(out[4 * j + 2 * h] * factor),
                                   simt::as_bits(out[4 * j + 2 * h + 1] * factor)}});
      }
    }
  }

  // This thread's first row of the part; the second is eight on.
  SIMT_DEVICE int row() const {
    return group_ * 64 + static_cast<int>(threadIdx.x) / 32 % 4 * 16 +
           static_cast<int>(threadIdx.x) % 32 / 4;
  }

  const PagedOperands& p_;
  Shared& shared_;
  int group_;
  WideTurn keys_, values_;
};

struct WidePrefillOperands {
  PagedOperands paged;
  int requests;
};

// Blocks: as many as there are multiprocessors, or parts. Threads: 384.
template <int kHeadDim>
SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(384, 1) wide_prefill(const WidePrefillOperands o) {
  auto& shared = simt::shared<WidePrefillShared<kHeadDim>>();
  if (threadIdx.x == 0) {
    simt::gate_open(shared.q_full, kWideCopiers);
    simt::gate_open(shared.q_empty, 8);
    for (int i = 0; i < 2; ++i) {
      simt::gate_open(shared.keys_full[i], kWideCopiers);
      simt::gate_open(shared.values_full[i], kWideCopiers);
      simt::gate_open(shared.keys_empty[i], 8);  // warps
      simt::gate_open(shared.values_empty[i], 8);
    }
    simt::gates_ready();
  }
  simt::barrier();
  const PrefillWork all(o.paged.tokens, o.paged.q_heads, o.requests);
  if (threadIdx.x < kWideCopiers) {
    simt::give_registers<56>();
    WideCopier<kHeadDim>(o.paged, shared).run(all);
  } else {
    simt::take_registers<224>();
    WideAttention<kHeadDim>(o.paged, shared).run(all);
  }
}

}  // namespace inferbench::cuda_attention

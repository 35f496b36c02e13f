#pragma once

// Causal attention of the new tokens of prompts, or of chunks of prompts over their cached context
// (FlashAttention-2, arXiv 2307.08691), over a paged cache in bf16.
//
// A block computes 128 tokens of one query head against 64 keys at a time, with four warps of 32
// tokens each. 32, because a fragment of keys or values that a warp loads then feeds two products:
// with 16 shared memory would be busy as long as the tensor cores, with 32 80 matrix loads of 512
// bytes take 320 cycles of a multiprocessor where 256 products take 410 to 512. Two blocks fit a
// multiprocessor (96 KB of shared memory and 255 registers a thread each), so that one multiplies
// while the other takes exponentials. Keys and values of the next tile arrive meanwhile.

#include "kernels/cuda/attention/paged.cuh"

namespace inferbench::cuda_attention {

inline constexpr int kPrefillWarps = 4, kPrefillRows = 128, kPrefillKeys = 64;

// Of a request's new tokens.
SIMT_BOTH int64_t prefill_blocks(int64_t tokens) {
  return (tokens + kPrefillRows - 1) / kPrefillRows;
}

template <int kHeadDim>
struct alignas(1024) PrefillShared {
  static constexpr int kRow = 2 * kHeadDim;
  unsigned char q[kPrefillRows * kRow];
  unsigned char keys[2][kPrefillKeys * kRow], values[2][kPrefillKeys * kRow];
};

template <int kHeadDim>
class PrefillBlock {
 public:
  using Shared = PrefillShared<kHeadDim>;
  static constexpr int kRow = Shared::kRow, kPage = kPageTokens * kRow;
  static constexpr int kSteps = kHeadDim / 16, kParts = kHeadDim / 32, kTiles = kHeadDim / 8;
  static constexpr int kScores = kPrefillKeys / 8, kPages = kPrefillKeys / kPageTokens;

  SIMT_DEVICE PrefillBlock(const PagedOperands& p, Shared& shared) : p_(p), shared_(shared) {
    // The last tokens, which see most, first: blocks that end a launch are short ones.
    first_ = static_cast<int>(gridDim.y - 1 - blockIdx.y) * kPrefillRows;
    const int last = first_ + kPrefillRows < p.tokens ? first_ + kPrefillRows : p.tokens;
    context_ = p.context[request()];
    length_ = context_ + last;
  }

  SIMT_DEVICE void run() {
    block_ = block_of(0);
    copy_queries();
    fetch(0);
    // Every token of the block sees all keys of tiles before this one.
    const int unmasked = (context_ + first_ + 1) / kPrefillKeys;
    int tile = 0;
    for (; tile < unmasked; ++tile) step<false>(tile);
    for (; tile * kPrefillKeys < length_; ++tile) step<true>(tile);
    store();
  }

 private:
  template <bool kMask>
  SIMT_DEVICE void step(int tile) {
    simt::copy_wait<0>();
    simt::barrier();  // this tile is here, and all are done with the one before it
    fetch(tile + 1);
    attend<kMask>(tile);
  }

  SIMT_DEVICE void copy_queries() {
    const auto* q = static_cast<const unsigned char*>(p_.q);
    constexpr int kChunks = kRow / 16;
    for (int i = static_cast<int>(threadIdx.x); i < kPrefillRows * kChunks;
         i += kPrefillWarps * 32) {
      const int row = i / kChunks, chunk = i % kChunks, token = first_ + row;
      const int64_t at =
          (static_cast<int64_t>(request()) * p_.tokens + token) * p_.q_heads + head();
      simt::copy_async16(shared_.q + place<kRow>(row, chunk), q + at * kRow + 16 * chunk,
                         token < p_.tokens);
    }
  }

  // The cache block of this warp's page of a tile, of which there are as many as warps.
  SIMT_DEVICE int block_of(int tile) const {
    const int page = tile * kPages + warp();
    if (page * kPageTokens >= length_) return 0;
    return p_.block_table[static_cast<int64_t>(request()) * p_.max_blocks + page];
  }

  // Asks for the number of the block after this one, too, so that no copy waits for its own.
  SIMT_DEVICE void fetch(int tile) {
    static_assert(kPages == kPrefillWarps);
    if (tile * kPrefillKeys < length_) {
      const int64_t block = block_;
      block_ = block_of(tile + 1);
      const int kv_head = head() / (p_.q_heads / p_.kv_heads);
      const int64_t from = (block * p_.kv_heads + kv_head) * kPage;
      const int valid = length_ - tile * kPrefillKeys - warp() * kPageTokens;
      const int to = warp() * kPage;
      copy_page<kRow>(shared_.keys[tile % 2] + to,
                      static_cast<const unsigned char*>(p_.keys) + from, valid);
      copy_page<kRow>(shared_.values[tile % 2] + to,
                      static_cast<const unsigned char*>(p_.values) + from, valid);
    }
    simt::copy_commit();
  }

  template <bool kMask>
  SIMT_DEVICE void attend(int tile) {
    float s[2][kScores][4] = {};
    scores(s, shared_.keys[tile % 2]);
    if constexpr (kMask) {
      SIMT_UNROLL for (int m = 0; m < 2; ++m) {
        const int seen = context_ + first_ + row(m, 0) + 1;
        mask<kScores>(s[m], tile * kPrefillKeys, {seen, seen + 8});
      }
    }
    SIMT_UNROLL for (int m = 0; m < 2; ++m) {
      float correction[2];
      if (softmax_[m].template take<kScores>(s[m], p_.scale_log2, 0, correction)) {
        correct<kTiles>(out_[m], correction);
      }
    }
    weigh(s, shared_.values[tile % 2]);
  }

  // Rows 32 warp + 16 m on.
  SIMT_DEVICE void scores(float (&s)[2][kScores][4], const unsigned char* keys) const {
    const int key_at = key_place<kRow>(lane());
    const int q_at = place<kRow>(warp() * 32 + lane() % 16, lane() / 16);
    SIMT_UNROLL for (int step = 0; step < kSteps; ++step) {
      uint32_t a[2][4];
      SIMT_UNROLL for (int m = 0; m < 2; ++m) {
        simt::load_matrix4(a[m], shared_.q + (q_at ^ step * 32) + m * 16 * kRow);
      }
      SIMT_UNROLL for (int page = 0; page < kPages; ++page) {
        uint32_t b[4];
        simt::load_matrix4(b, keys + page * kPage + (key_at ^ step * 32));
        SIMT_UNROLL for (int half = 0; half < 2; ++half) {
          const uint32_t of_half[2] = {b[2 * half], b[2 * half + 1]};
          SIMT_UNROLL for (int m = 0; m < 2; ++m) {
            simt::mma_bf16(s[m][2 * page + half], a[m], of_half);
          }
        }
      }
    }
  }

  SIMT_DEVICE void weigh(float (&s)[2][kScores][4], const unsigned char* values) {
    const int value_at = value_place<kRow>(lane());
    SIMT_UNROLL for (int page = 0; page < kPages; ++page) {
      uint32_t a[2][4];
      SIMT_UNROLL for (int m = 0; m < 2; ++m) {
        probabilities(a[m], s[m], page);
      }
      SIMT_UNROLL for (int two = 0; two < kTiles / 2; ++two) {
        uint32_t b[4];
        simt::load_matrix4_transposed(b, values + page * kPage + (value_at ^ two * 32));
        SIMT_UNROLL for (int half = 0; half < 2; ++half) {
          const uint32_t of_half[2] = {b[2 * half], b[2 * half + 1]};
          SIMT_UNROLL for (int m = 0; m < 2; ++m) {
            simt::mma_bf16(out_[m][2 * two + half], a[m], of_half);
          }
        }
      }
    }
  }

  SIMT_DEVICE void store() {
    SIMT_UNROLL for (int m = 0; m < 2; ++m) {
      softmax_[m].finish();
      SIMT_UNROLL for (int h = 0; h < 2; ++h) {
        const int token = first_ + row(m, h);
        if (token >= p_.tokens) continue;
        const float factor = simt::divide(1.0F, softmax_[m].sum[h]);
        const int64_t at =
            (static_cast<int64_t>(request()) * p_.tokens + token) * p_.q_heads + head();
        float* to = p_.out + at * kHeadDim + 2 * (lane() % 4);
        SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
          simt::store8(to + 8 * j, {{simt::as_bits(out_[m][j][2 * h] * factor),
                                     simt::as_bits(out_[m][j][2 * h + 1] * factor)}});
        }
      }
    }
  }

  // Read anew where they are needed: registers are short.
  SIMT_DEVICE static int lane() { return static_cast<int>(threadIdx.x % 32); }
  SIMT_DEVICE static int warp() { return static_cast<int>(threadIdx.x / 32); }
  SIMT_DEVICE static int request() { return static_cast<int>(blockIdx.z); }
  SIMT_DEVICE static int head() { return static_cast<int>(blockIdx.x); }

  // Among the block's: of this lane's rows of the 16 `m`, the one at g + 8 h.
  SIMT_DEVICE int row(int m, int h) const { return warp() * 32 + 16 * m + 8 * h + lane() / 4; }

  const PagedOperands& p_;
  Shared& shared_;
  int first_, context_, length_;  // first token; tokens cached, tokens seen
  int block_;                     // of the tile that is fetched next
  float out_[2][kTiles][4] = {};
  Softmax softmax_[2];
};

// Grid: q_heads, blocks of 128 new tokens, requests. Blocks of 128.
template <int kHeadDim>
SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(kPrefillWarps * 32, 2) prefill(const PagedOperands p) {
  PrefillBlock<kHeadDim> block(p, simt::shared<PrefillShared<kHeadDim>>());
  block.run();
}

}  // namespace inferbench::cuda_attention

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/attention/attention.hpp"
#include "kernels/attention/narrow.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/quant/quantise.hpp"
#include "paged_attention_support.hpp"

namespace inferbench {
namespace {

using namespace paged;

// The sequences in one batch over one cache with blocks in an order drawn from `random`.
std::vector<float> attend(const std::vector<const Sequence*>& sequences,
                          const AttentionShape& shape, KvType type, Isa isa, unsigned threads,
                          RandomStream& random) {
  std::int64_t blocks = 3, most = 0;
  std::vector<std::int64_t> starts = {0}, all_starts = {0}, context, none;
  std::vector<float> q, keys, values;
  for (const Sequence* s : sequences) {
    const std::int64_t all = s->context + s->tokens, needed = (all + kKvBlock - 1) / kKvBlock;
    blocks += needed, most = std::max(most, needed);
    starts.push_back(starts.back() + s->tokens), all_starts.push_back(all_starts.back() + all);
    context.push_back(s->context), none.push_back(0);
    q.insert(q.end(), s->q.begin(), s->q.end());
    keys.insert(keys.end(), s->keys.begin(), s->keys.end());
    values.insert(values.end(), s->values.begin(), s->values.end());
  }
  std::vector<std::int32_t> order(size(blocks));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<std::int32_t> table(sequences.size() * size(most), -1);
  std::size_t next = 0;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const std::int64_t all = sequences[s]->context + sequences[s]->tokens;
    for (std::int64_t b = 0; b * kKvBlock < all; ++b)
      table[s * size(most) + size(b)] = order[next++];
  }
  ThreadTeam team(threads);
  Cache cache(type, shape, blocks);
  append_kv({.starts = all_starts, .context = none, .block_table = table, .max_blocks = most}, keys,
            values, cache.view, team);
  std::vector<float> out(size(starts.back() * shape.q_heads * shape.value_dim), std::nanf(""));
  PagedAttention(shape, team, isa)
      .run({.starts = starts, .context = context, .block_table = table, .max_blocks = most}, q,
           cache.view, out);
  return out;
}

// Decodes, drafts, chunks and prompts, some longer than a split part, alone and in company.
TEST(PagedAttention, ASequenceIsTheSameBitsInAnyBatchAndOnAnyThreads) {
  RandomStream random(11, "batch invariance");
  const AttentionShape shapes[] = {
      {.q_heads = 8, .kv_heads = 2, .key_dim = 32, .value_dim = 32},
      {.q_heads = 3, .kv_heads = 1, .key_dim = 48, .value_dim = 16, .window = 90},
  };
  for (const AttentionShape& shape : shapes) {
    for (const KvType type : kTypes) {
      std::vector<Sequence> drawn;
      for (const std::int64_t tokens : {1, 4, 5, 60, 1}) {
        const std::int64_t context = random.between(0, tokens == 4 ? 1100 : 120);
        drawn.push_back(draw_sequence(random, shape, context, tokens));
      }
      for (const Isa isa : isas()) {
        std::vector<const Sequence*> batch;
        for (const Sequence& s : drawn) batch.push_back(&s);
        std::vector<float> alone;
        for (const Sequence* s : batch) {
          const auto out = attend({s}, shape, type, isa, 1, random);
          alone.insert(alone.end(), out.begin(), out.end());
        }
        for (const unsigned threads : {1U, 2U, 3U}) {
          EXPECT_EQ(attend(batch, shape, type, isa, threads, random), alone)
              << name(isa) << " " << static_cast<int>(type) << " " << threads;
        }
      }
    }
  }
}

// Prompts in chunks, down to one token at a time, see what a whole prompt sees.
TEST(PagedAttention, ChunksAndSingleTokensAgreeWithTheWholePrompt) {
  RandomStream random(12, "chunks");
  const AttentionShape shape = {.q_heads = 4, .kv_heads = 2, .key_dim = 32, .value_dim = 32};
  const Sequence whole = draw_sequence(random, shape, 0, 50);
  const std::int64_t q_row = shape.q_heads * 32, kv_row = shape.kv_heads * 32;
  for (const Isa isa : isas()) {
    const auto expected = attend({&whole}, shape, KvType::bf16, isa, 1, random);
    for (const std::int64_t chunk : {1, 3, 16, 33}) {
      for (std::int64_t at = 0; at < whole.tokens; at += chunk) {
        const std::int64_t n = std::min(chunk, whole.tokens - at);
        Sequence part{.context = at, .tokens = n, .q = {}, .keys = {}, .values = {}};
        part.q.assign(whole.q.begin() + at * q_row, whole.q.begin() + (at + n) * q_row);
        part.keys.assign(whole.keys.begin(), whole.keys.begin() + (at + n) * kv_row);
        part.values.assign(whole.values.begin(), whole.values.begin() + (at + n) * kv_row);
        const auto out = attend({&part}, shape, KvType::bf16, isa, 2, random);
        for (std::size_t i = 0; i < out.size(); ++i) {
          ASSERT_NEAR(out[i], expected[size(at * q_row) + i], 2e-5) << chunk << " at " << at;
        }
      }
    }
  }
}

// W_UK and W_UV as a model has them: keys and values of every head expanded from the latent, plain
// softmax attention in fp64. The absorbed form moves W_UK into the query and W_UV behind the sum.
TEST(PagedAttention, AbsorbedLatentAttentionIsTheExpandedOne) {
  constexpr std::int64_t kHeads = 5, kLatent = 32, kRope = 16, kNope = 24, kValue = 20;
  constexpr std::int64_t kTokens = 37, kWidth = kLatent + kRope;
  RandomStream random(13, "mla");
  const auto w_uk = draw(random, kHeads * kNope * kLatent),
             w_uv = draw(random, kHeads * kValue * kLatent);
  const auto q_nope = draw(random, kHeads * kNope), q_rope = draw(random, kHeads * kRope);
  const auto cached = draw(random, kTokens * kWidth);
  const auto at = [](const std::vector<float>& x, std::int64_t i) {
    return static_cast<double>(x[size(i)]);
  };
  const AttentionShape shape = {
      .q_heads = kHeads, .kv_heads = 1, .key_dim = kWidth, .value_dim = kLatent, .scale = 0.01F};
  std::vector<float> q(size(kHeads * kWidth));
  for (std::int64_t h = 0; h < kHeads; ++h) {
    for (std::int64_t l = 0; l < kLatent; ++l) {
      double sum = 0;
      for (std::int64_t n = 0; n < kNope; ++n) {
        sum += at(q_nope, h * kNope + n) * at(w_uk, (h * kNope + n) * kLatent + l);
      }
      q[size(h * kWidth + l)] = static_cast<float>(sum);
    }
    for (std::int64_t r = 0; r < kRope; ++r)
      q[size(h * kWidth + kLatent + r)] = q_rope[size(h * kRope + r)];
  }
  ThreadTeam team(1);
  Cache cache(KvType::fp32, shape, 3, false);
  const std::vector<std::int32_t> table = {2, 0, 1};
  const std::int64_t all[] = {0, kTokens}, none[] = {0}, one[] = {0, 1}, before[] = {kTokens - 1};
  append_kv({.starts = all, .context = none, .block_table = table, .max_blocks = 3}, cached, {},
            cache.view, team);
  for (const Isa isa : isas()) {
    std::vector<float> latent(size(kHeads * kLatent));
    PagedAttention(shape, team, isa)
        .run({.starts = one, .context = before, .block_table = table, .max_blocks = 3}, q,
             cache.view, latent);
    for (std::int64_t h = 0; h < kHeads; ++h) {
      std::vector<double> weight(size(kTokens));
      double total = 0;
      for (std::int64_t t = 0; t < kTokens; ++t) {
        double score = 0;
        for (std::int64_t n = 0; n < kNope; ++n) {
          double key = 0;
          for (std::int64_t l = 0; l < kLatent; ++l) {
            key += at(w_uk, (h * kNope + n) * kLatent + l) * at(cached, t * kWidth + l);
          }
          score += key * at(q_nope, h * kNope + n);
        }
        for (std::int64_t r = 0; r < kRope; ++r) {
          score += at(q_rope, h * kRope + r) * at(cached, t * kWidth + kLatent + r);
        }
        total += weight[size(t)] = std::exp(score * static_cast<double>(shape.scale));
      }
      for (std::int64_t v = 0; v < kValue; ++v) {
        double expanded = 0, absorbed = 0;
        for (std::int64_t l = 0; l < kLatent; ++l) {
          const double w = at(w_uv, (h * kValue + v) * kLatent + l);
          absorbed += w * at(latent, h * kLatent + l);
          for (std::int64_t t = 0; t < kTokens; ++t) {
            expanded += weight[size(t)] / total * w * at(cached, t * kWidth + l);
          }
        }
        EXPECT_NEAR(absorbed, expanded, 1e-4) << name(isa) << " head " << h;
      }
    }
  }
}

// One float in 65,536 exponents and leading digits, and the neighbours of each.
TEST(AppendKv, NarrowsAsTheConversionsOneByOneDo) {
  for (std::uint32_t top = 0; top <= 0xFFFF; ++top) {
    for (const std::uint32_t low : {0x0U, 0x1U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
      const float x = std::bit_cast<float>(top << 16U | low);
      ASSERT_EQ(narrow_bf16(x), float_to_bf16(x)) << x;
      ASSERT_EQ((narrow_float<4, 3, 0x7E, 0x7F>(x)), float_to_e4m3(x)) << x;
      ASSERT_EQ((narrow_float<5, 2, 0x7B, 0x7E>(x)), float_to_e5m2(x)) << x;
      const float bounded = x == x ? std::clamp(x, -65504.0F, 65504.0F) : x;
      ASSERT_EQ((narrow_float<5, 10, 0x7BFF, 0x7E00>(x)), float_to_fp16(bounded)) << x;
    }
  }
}

// Two sequences, the second in the middle of a block: token 17 of it is slot 1 of its second block.
TEST(AppendKv, PutsTokensIntoTheirPagesAndNowhereElse) {
  const AttentionShape shape = {.q_heads = 2, .kv_heads = 2, .key_dim = 16, .value_dim = 16};
  ThreadTeam team(2);
  Cache cache(KvType::int8, shape, 4);
  std::fill(cache.keys.begin(), cache.keys.end(), std::byte{0x55});
  const std::int64_t starts[] = {0, 1, 3}, context[] = {0, 16};
  const std::int32_t table[] = {3, -1, 0, 2};
  RandomStream random(14, "append");
  const auto keys = draw(random, 3 * 2 * 16), values = draw(random, 3 * 2 * 16);
  append_kv({.starts = starts, .context = context, .block_table = table, .max_blocks = 2}, keys,
            values, cache.view, team);
  std::size_t written = 0;
  const std::int64_t blocks[] = {3, 2, 2}, slots[] = {0, 0, 1};
  for (std::int64_t token = 0; token < 3; ++token) {
    for (std::int64_t head = 0; head < 2; ++head) {
      const auto from = std::span(keys).subspan(size((token * 2 + head) * 16), 16);
      std::vector<std::int8_t> expected(16);
      const float scale = quantise_row_int8(from, expected);
      const std::size_t at = cache.view.page(blocks[token], head) + size(slots[token]);
      EXPECT_EQ(cache.key_scale[at], scale);
      for (std::size_t d = 0; d < 16; ++d) {
        EXPECT_EQ(static_cast<std::int8_t>(cache.keys[at * 16 + d]), expected[d]);
        cache.keys[at * 16 + d] = std::byte{0x55};
        ++written;
      }
    }
  }
  EXPECT_EQ(written, 96U);
  EXPECT_TRUE(std::all_of(cache.keys.begin(), cache.keys.end(),
                          [](std::byte b) { return b == std::byte{0x55}; }));
}

TEST(PagedAttention, WhatDoesNotFitIsRefused) {
  const AttentionShape shape = {.q_heads = 2, .kv_heads = 1, .key_dim = 16, .value_dim = 16};
  ThreadTeam team(1);
  Cache cache(KvType::fp32, shape, 2);
  std::vector<float> q(32), out(32);
  const std::int64_t starts[] = {0, 1}, context[] = {16}, longer[] = {32}, back[] = {0, -1};
  const std::int32_t table[] = {0, 1}, outside[] = {0, 2};
  PagedAttention attention(shape, team);
  EXPECT_NO_THROW(
      attention.run({.starts = starts, .context = context, .block_table = table, .max_blocks = 2},
                    q, cache.view, out));
  const AttentionBatch bad[] = {
      {.starts = starts, .context = context, .block_table = outside, .max_blocks = 2},
      {.starts = starts, .context = longer, .block_table = table, .max_blocks = 2},
      {.starts = back, .context = context, .block_table = table, .max_blocks = 2},
      {.starts = {}, .context = {}, .block_table = {}, .max_blocks = 0},
  };
  for (const AttentionBatch& batch : bad) {
    EXPECT_THROW(attention.run(batch, q, cache.view, out), Error);
    EXPECT_THROW(append_kv(batch, std::span(q).first(16), std::span(q).first(16), cache.view, team),
                 Error);
  }
  EXPECT_THROW(
      attention.run({.starts = starts, .context = context, .block_table = table, .max_blocks = 2},
                    std::span(q).first(31), cache.view, out),
      Error);
  EXPECT_THROW(PagedAttention({.q_heads = 2, .kv_heads = 1, .key_dim = 24, .value_dim = 16}, team),
               Error);
  EXPECT_THROW(PagedAttention({.q_heads = 3, .kv_heads = 2, .key_dim = 16, .value_dim = 16}, team),
               Error);
}

}  // namespace
}  // namespace inferbench

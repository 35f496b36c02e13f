#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "harness/base/error.hpp"
#include "paged_attention_support.hpp"

namespace inferbench {
namespace {

using namespace paged;

// Blocks of 16 in turns on three ranks: of 100 tokens 36, 32 and 32; block 6 has four.
TEST(KvShare, HoldsBlocksInTurns) {
  const KvShare first{.rank = 0, .ranks = 3}, second{.rank = 1, .ranks = 3},
      third{.rank = 2, .ranks = 3};
  EXPECT_EQ(first.of_first(100), 36);
  EXPECT_EQ(second.of_first(100), 32);
  EXPECT_EQ(third.of_first(100), 32);
  EXPECT_EQ(first.of_first(16), 16);
  EXPECT_EQ(second.of_first(16), 0);
  EXPECT_EQ(second.of_first(17), 1);
  EXPECT_EQ(first.rank_of(15), 0);
  EXPECT_EQ(first.rank_of(16), 1);
  EXPECT_EQ(first.rank_of(48), 0);
  EXPECT_EQ(KvShare{}.of_first(77), 77);
}

// A row over no keys has nothing to say; over equal sums each part counts half: 0.5 * 1 + 0.5 * 3,
// of a sum of twice e^0.
TEST(MergeAttention, WeighsPartsByTheirSums) {
  ThreadTeam team;
  std::vector<float> out = {1, 5, 7}, lse = {0, 2, -HUGE_VALF};
  const std::vector<float> other = {3, 0, 9}, other_lse = {0, -HUGE_VALF, 1};
  merge_attention({.out = out, .lse = lse}, other, other_lse, 1, team);
  EXPECT_EQ(out, (std::vector<float>{2, 5, 9}));
  EXPECT_EQ(lse, (std::vector<float>{std::log(2.0F), 2, 1}));
  EXPECT_THROW(merge_attention({.out = out, .lse = lse}, other, other_lse, 2, team), Error);
}

// A sequence whose tokens are on several ranks, each with a cache of its own.
struct Spread {
  Spread(const Sequence& sequence, const AttentionShape& heads, KvType type, std::int64_t ranks,
         RandomStream& random)
      : s(sequence), shape(heads), all(s.context + s.tokens), count(ranks) {
    const std::int64_t round = kKvBlock * ranks;
    const std::int64_t needed = (all + round - 1) / round, spare = 2;
    for (std::int64_t b = 0; b < needed; ++b) {
      table.push_back(static_cast<std::int32_t>(needed + spare - 1 - b));
    }
    for (std::int64_t i = s.context; i < all; ++i) positions.push_back(i);
    for (std::int64_t r = 0; r < ranks; ++r) {
      Cache& cache = caches.emplace_back(type, shape, needed + spare);
      for (std::byte& byte : cache.keys) byte = static_cast<std::byte>(random.below(64));
      fill(cache, {.rank = r, .ranks = ranks});
    }
  }

  void fill(Cache& cache, const KvShare& share) {
    std::vector<float> keys, values;
    for (std::int64_t i = 0; i < all; ++i) {
      if (share.rank_of(i) != share.rank) continue;
      const auto put = [i](const std::vector<float>& from, std::int64_t width,
                           std::vector<float>& to) {
        to.insert(to.end(), from.begin() + i * width, from.begin() + (i + 1) * width);
      };
      put(s.keys, shape.kv_heads * shape.key_dim, keys);
      put(s.values, shape.kv_heads * shape.value_dim, values);
    }
    const std::vector<std::int64_t> starts = {0, share.of_first(all)}, none = {0};
    append_kv({.starts = starts,
               .context = none,
               .block_table = table,
               .max_blocks = static_cast<std::int64_t>(table.size())},
              keys, values, cache.view, team);
  }

  // Of the keys of one rank.
  void attend(std::int64_t rank, Isa isa, AttentionMethod method, std::vector<float>& out,
              std::vector<float>& lse) {
    const std::vector<std::int64_t> starts = {0, s.tokens}, context = {0};
    out.assign(size(s.tokens * shape.q_heads * shape.value_dim), std::nanf(""));
    lse.assign(size(s.tokens * shape.q_heads), std::nanf(""));
    PagedAttention(shape, team, isa)
        .run_partial({.starts = starts,
                      .context = context,
                      .block_table = table,
                      .max_blocks = static_cast<std::int64_t>(table.size())},
                     {.positions = positions, .cached = {rank, count}, .lse = lse}, s.q,
                     caches[size(rank)].view, out, method);
  }

  std::vector<float> merged(Isa isa, AttentionMethod method, std::int64_t first) {
    std::vector<float> out, lse, other, other_lse;
    attend(first, isa, method, out, lse);
    for (std::int64_t i = 1; i < count; ++i) {
      attend((first + i) % count, isa, method, other, other_lse);
      merge_attention({.out = out, .lse = lse}, other, other_lse, shape.value_dim, team);
    }
    return out;
  }

  const Sequence& s;
  const AttentionShape& shape;
  std::int64_t all, count;
  ThreadTeam team{2};
  std::vector<std::int32_t> table;
  std::vector<std::int64_t> positions;
  std::vector<Cache> caches;
};

float furthest_from(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    // NaN is no number to be near to.
    worst = std::max(worst, std::isnan(a[i]) ? HUGE_VALF : std::abs(a[i] - b[i]));
  }
  return worst;
}

// Over one rank it is attention; parts over several, merged in any order, are it but for rounding.
TEST(PartialAttention, PartsOfAllRanksAreTheWhole) {
  RandomStream random(3, "partial");
  const AttentionShape shapes[] = {
      {.q_heads = 8, .kv_heads = 2, .key_dim = 32, .value_dim = 32},
      {.q_heads = 3, .kv_heads = 1, .key_dim = 48, .value_dim = 16, .window = 40},
  };
  for (const AttentionShape& shape : shapes) {
    for (const KvType type : kTypes) {
      for (const std::int64_t tokens : {1, 3, 20, 130}) {
        const std::int64_t context = random.between(0, tokens == 3 ? 1700 : 90);
        const Sequence s = draw_sequence(random, shape, context, tokens);
        for (const Isa isa : isas()) {
          for (const AttentionMethod method : {AttentionMethod::pages, AttentionMethod::tiles}) {
            Spread one(s, shape, type, 1, random);
            const auto want = one.merged(isa, method, 0);
            for (const std::int64_t ranks : {2, 3, 5}) {
              Spread spread(s, shape, type, ranks, random);
              EXPECT_LE(
                  furthest_from(spread.merged(isa, method, random.between(0, ranks - 1)), want),
                  5e-6F)
                  << tokens << " tokens behind " << context << ", " << ranks << " ranks";
            }
          }
        }
      }
    }
  }
}

// The sum of the exponentials of all scores, in fp64, from the definition.
TEST(PartialAttention, LogSumExpIsThatOfTheScores) {
  RandomStream random(5, "lse");
  const AttentionShape shape{.q_heads = 2, .kv_heads = 1, .key_dim = 16, .value_dim = 16};
  const Sequence s = draw_sequence(random, shape, 40, 2);
  for (const AttentionMethod method : {AttentionMethod::pages, AttentionMethod::tiles}) {
    Spread spread(s, shape, KvType::fp32, 2, random);
    for (const std::int64_t rank : {0, 1}) {
      std::vector<float> out, lse;
      spread.attend(rank, best_isa(), method, out, lse);
      for (std::int64_t row = 0; row < 4; ++row) {
        double sum = 0;
        for (std::int64_t t = 0; t <= 40 + row / 2; ++t) {
          if (t / 16 % 2 != rank) continue;
          double score = 0;
          for (std::int64_t d = 0; d < 16; ++d) {
            score += static_cast<double>(s.q[size(row * 16 + d)]) *
                     static_cast<double>(s.keys[size(t * 16 + d)]) / 4;
          }
          sum += std::exp(score);
        }
        EXPECT_NEAR(lse[size(row)], std::log(sum), 1e-5);
      }
    }
  }
}

TEST(PartialAttention, RowsThatSeeNothingAreZerosAndMinusInfinity) {
  RandomStream random(7, "nothing");
  const AttentionShape shape{.q_heads = 4, .kv_heads = 2, .key_dim = 16, .value_dim = 16};
  for (const std::int64_t tokens : {1, 16}) {
    const Sequence s = draw_sequence(random, shape, 0, tokens);
    for (const AttentionMethod method : {AttentionMethod::pages, AttentionMethod::tiles}) {
      Spread spread(s, shape, KvType::bf16, 2, random);
      std::vector<float> out, lse;
      spread.attend(1, best_isa(), method, out, lse);  // all tokens are in block 0
      EXPECT_EQ(out, std::vector<float>(out.size(), 0.0F));
      EXPECT_EQ(lse, std::vector<float>(lse.size(), -HUGE_VALF));
    }
  }
}

TEST(PartialAttention, RefusesPositionsThatDoNotAscendAndBlocksOutside) {
  RandomStream random(9, "refused");
  const AttentionShape shape{.q_heads = 4, .kv_heads = 2, .key_dim = 16, .value_dim = 16};
  const Sequence s = draw_sequence(random, shape, 30, 3);
  std::vector<float> out, lse;
  Spread falling(s, shape, KvType::bf16, 2, random);
  std::swap(falling.positions[0], falling.positions[2]);
  EXPECT_THROW(falling.attend(0, best_isa(), AttentionMethod::pages, out, lse), Error);
  Spread outside(s, shape, KvType::bf16, 2, random);
  outside.table[1] = 99;
  EXPECT_THROW(outside.attend(0, best_isa(), AttentionMethod::pages, out, lse), Error);
  Spread beyond(s, shape, KvType::bf16, 2, random);
  beyond.positions[2] = 64;  // in a block that its table does not have
  EXPECT_THROW(beyond.attend(0, best_isa(), AttentionMethod::pages, out, lse), Error);
}

}  // namespace
}  // namespace inferbench

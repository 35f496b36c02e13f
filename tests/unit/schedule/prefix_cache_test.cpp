#include "harness/schedule/prefix_cache.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/schedule/prefix_keys.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using Keys = std::vector<std::uint64_t>;

// A pool of blocks of 4 tokens and a cache of units of 8, used as a scheduler does.
struct Bench {
  KvBlockPool pool;
  PrefixCache cache;
  std::map<std::size_t, PrefixCache::Hold> holds;

  explicit Bench(std::int64_t blocks, std::int64_t host_blocks = 0)
      : pool(blocks, 4_tok), cache(pool, 8_tok, host_blocks) {}

  // A prompt starts with what is cached of `limit`; returns that.
  Tokens start(std::size_t table, const Keys& keys, Tokens tokens) {
    const Tokens limit((tokens.count() - 1) / 4 * 4);
    auto match = cache.match(keys, limit);
    if (match.hold.tokens > tokens) {
      cache.release(match.hold, false);
      match =
          cache.match(std::span(keys).first(static_cast<std::size_t>(limit.count() / 8)), limit);
    }
    const Tokens hit = std::min(limit, match.hold.tokens);
    cache.share(match.hold, match.device, table);
    const std::int64_t missing = pool.blocks_for(tokens) - pool.size(table);
    if (missing > pool.free()) cache.evict(missing - pool.free());
    EXPECT_TRUE(pool.reserve(table, tokens));
    cache.fetch(match.hold, table);
    holds[table] = match.hold;
    check();
    return hit;
  }
  void computed(std::size_t table, const Keys& keys, Tokens tokens) {
    cache.insert(holds[table], keys, tokens, table);
    check();
  }
  void end(std::size_t table) {
    pool.release(table);
    cache.release(holds[table]);
    holds.erase(table);
    check();
  }
  // All of that at once.
  Tokens serve(const Keys& keys, Tokens tokens) {
    constexpr std::size_t kTable = 9;
    const Tokens hit = start(kTable, keys, tokens);
    computed(kTable, keys, tokens);
    end(kTable);
    return hit;
  }
  void check() const { pool.check(cache.check()); }
};

// Units of 8 tokens. The second prompt shares two of them; of the third, which is the first one
// again, all but the block with the last token is there.
TEST(PrefixCache, HitsTheLongestCommonPrefix) {
  Bench bench(100);
  EXPECT_EQ(bench.serve({1, 2, 3}, 24_tok), 0_tok);
  EXPECT_EQ(bench.serve({1, 2, 4}, 24_tok), 16_tok);
  EXPECT_EQ(bench.serve({1, 2, 3}, 24_tok), 20_tok);
  EXPECT_EQ(bench.serve({2, 3}, 16_tok), 0_tok);  // the same units behind another prefix
  EXPECT_EQ(bench.cache.blocks(), 6 + 2 + 4);
}

// 13 tokens are three whole blocks and a token: the unit 8..15 is there up to token 12. Whoever
// computes more of it completes it.
TEST(PrefixCache, KeepsTheWholeBlocksOfAPartialUnit) {
  Bench bench(100);
  bench.serve({1, 2}, 13_tok);
  EXPECT_EQ(bench.cache.blocks(), 3);
  EXPECT_EQ(bench.serve({1, 2, 3}, 24_tok), 12_tok);
  EXPECT_EQ(bench.serve({1, 2, 4}, 24_tok), 16_tok);
}

TEST(PrefixCache, ALaterPromptUsesWhatAnEarlierOneHasComputedSoFar) {
  Bench bench(100);
  bench.start(0, {1, 2, 3}, 24_tok);
  bench.computed(0, {1, 2, 3}, 13_tok);
  EXPECT_EQ(bench.start(1, {1, 2, 3}, 24_tok), 12_tok);
  EXPECT_EQ(bench.pool.used(), 6 + 3);  // three blocks are shared
  bench.computed(0, {1, 2, 3}, 24_tok);
  bench.computed(1, {1, 2, 3}, 24_tok);  // the same blocks twice: both use the first
  EXPECT_EQ(bench.cache.blocks(), 6);
  bench.end(0);
  bench.end(1);
  EXPECT_EQ(bench.pool.used(), 6);
  EXPECT_EQ(bench.cache.evictable(), 6);
}

// Three prompts of two blocks fill a pool of six; the one let go the longest ago makes way, and the
// end of it first.
TEST(PrefixCache, EvictsWhatWasUsedTheLongestAgo) {
  Bench bench(6);
  bench.serve({1}, 8_tok);
  bench.serve({2}, 8_tok);
  bench.serve({3}, 8_tok);
  EXPECT_EQ(bench.serve({1}, 8_tok), 4_tok);
  EXPECT_EQ(bench.cache.stats().evicted_blocks, 0);
  EXPECT_EQ(bench.serve({4}, 4_tok), 0_tok);
  EXPECT_EQ(bench.cache.stats().evicted_blocks, 1);  // of {2}: its second block
  EXPECT_EQ(bench.serve({2}, 5_tok), 4_tok);
}

TEST(PrefixCache, NeverEvictsWhatIsInUse) {
  Bench bench(6);
  bench.start(0, {1, 2}, 16_tok);
  bench.computed(0, {1, 2}, 16_tok);
  bench.serve({3}, 8_tok);
  EXPECT_EQ(bench.cache.evictable(), 2);
  bench.serve({4}, 8_tok);
  EXPECT_EQ(bench.serve({3}, 8_tok), 0_tok);
  EXPECT_THROW(bench.cache.evict(3), std::logic_error);
  EXPECT_EQ(bench.start(1, {1, 2}, 16_tok), 12_tok);
}

// The CPU tier takes whole units: {1} moves out for {2}, and comes back for a read of 8 tokens.
TEST(PrefixCache, TheCpuTierGivesEvictedPrefixesBack) {
  Bench bench(4, 4);
  bench.serve({1, 5}, 16_tok);
  bench.serve({2}, 9_tok);
  EXPECT_EQ(bench.cache.host_blocks(), 4);
  EXPECT_EQ(bench.serve({1, 6}, 16_tok), 8_tok);
  EXPECT_EQ(bench.cache.stats().from_host, 2);
}

// Turn 1: a prompt of 10 tokens and an answer whose first 9 tokens have keys and values. Turn 2
// begins with all of them: 19 tokens, four whole blocks. Its second key is new, because the unit
// held 2 tokens of the prompt and has 8 now.
TEST(PrefixCache, TheNextTurnNamesTheAnswerBeforeIt) {
  Bench bench(100);
  const Keys first = {1, 2}, second = {1, 20, 21, 22};
  bench.start(0, first, 20_tok);
  bench.computed(0, first, 10_tok);
  bench.cache.insert_answer(bench.holds[0], SessionId(7), 10_tok, 19_tok, 0);
  bench.end(0);
  EXPECT_EQ(bench.cache.blocks(), 4);
  bench.cache.name_answer(SessionId(7), second, 30_tok);
  bench.check();
  EXPECT_EQ(bench.serve(second, 30_tok), 16_tok);
}

TEST(PrefixCache, AnotherSessionDoesNotNameIt) {
  Bench bench(100);
  const Keys first = {1, 2}, second = {1, 20, 21, 22};
  bench.start(0, first, 20_tok);
  bench.computed(0, first, 10_tok);
  bench.cache.insert_answer(bench.holds[0], SessionId(7), 10_tok, 19_tok, 0);
  bench.end(0);
  bench.cache.name_answer(SessionId(8), second, 30_tok);
  bench.cache.name_answer(SessionId(7), Keys{9, 20, 21, 22}, 30_tok);  // not the same prompt
  EXPECT_EQ(bench.serve(second, 30_tok), 8_tok);
}

// What a cache of that kind is, block by block: a block is known by all keys up to its own and its
// place in the unit. Evicted is the block released the longest ago, the last of a path first.
class BruteForce {
 public:
  using Id = std::pair<Keys, std::int64_t>;  // keys up to its unit, block number in the prompt

  explicit BruteForce(std::int64_t blocks) : capacity_(blocks) {}

  std::int64_t hit_blocks(const Keys& keys, std::int64_t most) const {
    std::int64_t n = 0;
    while (n < most && cached_.contains(id(keys, n))) ++n;
    return n;
  }
  // A prompt that alone uses the pool, its units whole or not; returns the blocks it did not
  // compute. What it finds stays, and others make way for the rest.
  std::int64_t serve(const Keys& keys, std::int64_t tokens) {
    std::int64_t found = hit_blocks(keys, static_cast<std::int64_t>(2 * keys.size()));
    // A last unit with more than this prompt has is left out.
    if (4 * found > tokens) found = hit_blocks(keys, 2 * ((tokens - 1) / 8));
    std::set<Id> held;
    for (std::int64_t n = 0; n < found; ++n) held.insert(id(keys, n));
    const std::int64_t missing = (tokens + 3) / 4 - found;
    while (static_cast<std::int64_t>(cached_.size()) + missing > capacity_) evict(held);
    ++now_;
    // Where the last unit was there already, and fuller, it stays as it is.
    const bool fuller = hit_blocks(keys, static_cast<std::int64_t>(2 * keys.size())) > tokens / 4;
    const std::int64_t kept = fuller ? found : std::max(found, tokens / 4);
    for (std::int64_t n = 0; n < kept; ++n) cached_[id(keys, n)] = now_;
    return std::min(found, (tokens - 1) / 4);
  }
  std::size_t size() const { return cached_.size(); }

 private:
  static Id id(const Keys& keys, std::int64_t block) {
    return {Keys(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(block / 2 + 1)), block};
  }
  void evict(const std::set<Id>& held) {
    const Id* victim = nullptr;
    std::pair<std::uint64_t, std::int64_t> least{};
    for (const auto& [id, used] : cached_) {
      if (held.contains(id)) continue;
      // Released together: the deepest first.
      const std::pair<std::uint64_t, std::int64_t> key{used, -id.second};
      if (victim == nullptr || key < least) victim = &id, least = key;
    }
    ASSERT_NE(victim, nullptr);
    cached_.erase(Id(*victim));
  }

  std::int64_t capacity_;
  std::uint64_t now_ = 0;
  std::map<Id, std::uint64_t> cached_;
};

// Prompts over few keys, so that they branch everywhere, in a pool that is always too small.
TEST(PrefixCache, EqualsABruteForceModelOnRandomPrompts) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    RandomStream random(seed, "prefix_cache_test");
    const std::int64_t blocks = random.between(12, 40);
    Bench bench(blocks);
    BruteForce model(blocks);
    for (int i = 0; i < 300; ++i) {
      Keys keys(static_cast<std::size_t>(random.between(1, 6)));
      for (auto& key : keys) key = random.below(3) + 1;
      const std::int64_t units = static_cast<std::int64_t>(keys.size());
      const std::int64_t tokens = random.between(8 * units - 7, 8 * units);
      ASSERT_EQ(bench.serve(keys, Tokens(tokens)).count(), 4 * model.serve(keys, tokens))
          << "seed " << seed << ", prompt " << i;
      ASSERT_EQ(static_cast<std::size_t>(bench.cache.blocks()), model.size())
          << "seed " << seed << ", prompt " << i;
    }
  }
}

// Many at once, chunk by chunk, with a CPU tier or without: whatever happens, no block is lost.
TEST(PrefixCache, KeepsItsInvariantsUnderRandomUse) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomStream random(seed, "prefix_cache_use");
    const std::int64_t host = seed % 2 == 0 ? 0 : random.between(2, 20);
    Bench bench(60, host);
    struct Running {
      Keys keys;
      std::int64_t tokens = 0, computed = 0;
    };
    std::map<std::size_t, Running> running;
    for (int i = 0; i < 600; ++i) {
      const std::size_t table = random.below(4);
      const auto at = running.find(table);
      if (at == running.end()) {
        Running next;
        next.keys.resize(static_cast<std::size_t>(random.between(1, 6)));
        for (auto& key : next.keys) key = random.below(3) + 1;
        const auto units = static_cast<std::int64_t>(next.keys.size());
        next.tokens = random.between(8 * units - 7, 8 * units);
        bench.cache.name_answer(SessionId(table), next.keys, Tokens(next.tokens));
        next.computed = bench.start(table, next.keys, Tokens(next.tokens + 4)).count();
        running[table] = next;
      } else if (at->second.computed < at->second.tokens) {
        Running& own = at->second;
        own.computed = std::min(own.tokens, own.computed + random.between(1, 20));
        bench.computed(table, own.keys, Tokens(own.computed));
      } else {
        bench.cache.insert_answer(bench.holds[table], SessionId(table), Tokens(at->second.tokens),
                                  Tokens(at->second.tokens + 3), table);
        bench.end(table);
        running.erase(at);
      }
    }
    while (!running.empty()) {
      bench.end(running.begin()->first);
      running.erase(running.begin());
    }
    EXPECT_EQ(bench.cache.evictable(), bench.pool.used());
    bench.cache.evict(bench.cache.evictable());
    bench.check();
    EXPECT_EQ(bench.pool.used(), 0);
  }
}

// Hashes of 512 tokens over blocks of 16 are the keys; hashes of 16 over blocks of 64 make one key
// of four; a block of 48 over hashes of 32 touches two of them.
TEST(PrefixKeys, AreHashesOrOnePerBlock) {
  EXPECT_EQ(prefix_unit(512_tok, 16_tok), 512_tok);
  EXPECT_EQ(prefix_unit(16_tok, 64_tok), 64_tok);
  EXPECT_EQ(prefix_unit(32_tok, 48_tok), 48_tok);
  Request request;
  request.input = 100_tok;
  request.prefix_blocks = {1, 2, 3, 4, 5, 6, 7};
  Keys keys;
  prefix_keys(request, 16_tok, 16_tok, keys);
  EXPECT_EQ(keys, request.prefix_blocks);
  prefix_keys(request, 16_tok, 64_tok, keys);
  EXPECT_EQ(keys.size(), 1U);  // 100 tokens: one whole block of 64
  Request other = request;
  other.prefix_blocks[4] = 50;
  Keys others;
  prefix_keys(other, 16_tok, 48_tok, others);
  prefix_keys(request, 16_tok, 48_tok, keys);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(others[0], keys[0]);
  EXPECT_NE(others[1], keys[1]);
}

}  // namespace
}  // namespace inferbench

// The prefix cache behind a whole replay, against the unbounded cache of workloads/ideal_prefix.

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/random.hpp"
#include "tests/unit/replay/replay_support.hpp"
#include "workloads/ideal_prefix.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// Conversations over shared prefixes: hashes of 8 tokens that branch, the partial last one its own.
std::vector<Request> branching(RandomStream& random, Tokens hash_tokens) {
  const std::int64_t hash = hash_tokens.count();
  auto list = random_requests(random.bits(), 120, 90, 20, Duration(0));
  for (Request& request : list) {
    request.session = SessionId(request.id.value);
    for (std::int64_t begin = 0; begin < request.input.count(); begin += hash) {
      const bool partial = begin + hash > request.input.count();
      request.prefix_blocks.push_back(partial ? random.bits() : random.below(4) / 3);
    }
  }
  return list;
}

// What a server can use of an ideal hit: whole KV blocks, and never the prompt's last token.
std::int64_t usable(Tokens hit, const Request& request, Tokens block) {
  const std::int64_t most = std::min(hit.count(), request.input.count() - 1);
  return most / block.count() * block.count();
}

TEST(PrefixHits, OfAnUnboundedPoolAreTheIdealOnes) {
  RandomStream random(31, "ideal_hits");
  for (int round = 0; round < 40; ++round) {
    const Tokens hash(8), block(round % 2 == 0 ? 4 : 8);
    const auto workload = branching(random, hash);
    ReplayOptions options;
    options.scheduler.step_tokens = 1'000'000_tok;  // a prompt is computed in the step it joins
    options.scheduler.block_tokens = block;
    options.scheduler.kv.prefix_cache = true;
    options.scheduler.kv.hash_tokens = hash;
    const Replayed out = replay(workload, Duration(1000), options);
    IdealPrefixCache ideal(hash);
    std::int64_t expected = 0;
    for (const Request& request : workload) expected += usable(ideal.add(request), request, block);
    EXPECT_GT(expected, 0);
    EXPECT_EQ(out.stats[0].kv.hit_tokens, expected);
    EXPECT_EQ(out.stats[0].kv.prompt_tokens, ideal.tokens().count());
  }
}

TEST(PrefixHits, OfAnyPoolAreNeverAboveTheIdealOnes) {
  RandomStream random(32, "hits_below_ideal");
  for (int round = 0; round < 60; ++round) {
    const Tokens hash(8);
    const auto workload = branching(random, hash);
    ReplayOptions options;
    options.policy = scheduler_names()[random.below(scheduler_names().size())];
    options.scheduler.step_tokens = Tokens(random.between(10, 200));
    options.scheduler.block_tokens = Tokens(random.between(1, 20));
    options.scheduler.kv_blocks = 200 / options.scheduler.block_tokens.count() + 1;
    options.scheduler.kv.prefix_cache = true;
    options.scheduler.kv.hash_tokens = hash;
    if (random.below(2) == 0) options.scheduler.kv.cpu_tier = Tokens(random.between(20, 400));
    const Replayed out = replay(workload, Duration(1000), options);
    IdealPrefixCache ideal(hash);
    for (const Request& request : workload) ideal.add(request);
    const KvStats& kv = out.stats[0].kv;
    EXPECT_LE(kv.hit_tokens, ideal.hit_tokens().count());
    EXPECT_LE(kv.host_hit_tokens, kv.hit_tokens + options.scheduler.kv.hash_tokens.count() * 120);
    EXPECT_GE(kv.room_steps, kv.filled_steps);
  }
}

}  // namespace
}  // namespace inferbench

// Rows about batching policies and shared KV blocks: a deployment replayed under several policies,
// and the block pool and prefix cache on their own.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/random.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/claims/measures/served.hpp"
#include "harness/replay/deployed_system.hpp"
#include "harness/schedule/prefix_cache.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench::claims {
namespace {

// Poisson arrivals; prompts uniform in [least, most], answers uniform in "output".
std::vector<Request> draw(const JsonObject& inputs, std::int64_t least, std::int64_t most,
                          double rate) {
  const std::vector<std::int64_t> output = integers(inputs, "output");
  if (output.size() != 2 || output[0] < 1 || output[0] > output[1] || least < 1 || least > most) {
    inputs.refuse("output", "or the prompts are no ranges", "expected [min, max] from 1");
  }
  RandomStream random(static_cast<std::uint64_t>(inputs.integer("seed", 1)), "claims.policies");
  std::vector<Request> requests;
  Duration at{};
  for (std::int64_t i = 0; i < inputs.integer("requests"); ++i) {
    Request made;
    made.id = RequestId(static_cast<std::uint64_t>(i));
    made.session = SessionId(static_cast<std::uint64_t>(i));
    made.arrival = Time(at);
    made.input = Tokens(random.between(least, most));
    made.output = made.max_output = Tokens(random.between(output[0], output[1]));
    requests.push_back(made);
    if (rate > 0) at += rounded(Seconds(random.exponential(1.0 / rate)));
  }
  return requests;
}

struct Served {
  std::vector<double> gaps_ms;
  double ttft_ms = 0, end_s = 0;
  ReplicaStats stats;
};

Served serve_under(const Deployment& deployment, const CostProfile& profile,
                   const ServingOptions& options, std::vector<Request> requests) {
  DeployedSystem system(deployment, profile, options);
  const auto records = serve(system, std::move(requests));
  Served served;
  for (const RequestRecord& record : records) {
    const std::vector<Time> times = record.token_times.to_vector();
    if (times.empty()) continue;
    served.ttft_ms += seconds(times.front() - record.scheduled).count() * 1e3 /
                      static_cast<double>(records.size());
    served.end_s = std::max(served.end_s, seconds(times.back() - Time{}).count());
    for (std::size_t i = 1; i < times.size(); ++i) {
      served.gaps_ms.push_back(seconds(times[i] - times[i - 1]).count() * 1e3);
    }
  }
  std::sort(served.gaps_ms.begin(), served.gaps_ms.end());
  served.stats = system.stats().front();
  return served;
}

std::vector<double> ratios(const std::vector<double>& values, const std::vector<double>& over) {
  std::vector<double> out;
  for (std::size_t i = 0; i < values.size(); ++i) out.push_back(values[i] / over[i]);
  return out;
}

// Keys of a prompt that shares its beginning with others: a path down a tree of `fanout` children.
std::vector<std::uint64_t> tree_path(RandomStream& random, std::int64_t units,
                                     std::uint64_t fanout) {
  std::vector<std::uint64_t> keys;
  std::uint64_t path = 1;
  for (std::int64_t unit = 0; unit < units; ++unit) {
    path = path * (fanout + 1) + random.below(fanout) + 1;
    keys.push_back(path);
  }
  return keys;
}

}  // namespace

// One deployment, one workload per prompt range and rate ("prompt_min", "prompt_max", "rates", each
// as long as the longest or one entry), every policy of "policies": mean TTFT, gaps between tokens
// (and both over those of the first policy), positions of padding, when the last answer ended.
Numbers policies(const JsonObject& inputs, const World& world) {
  const Deployment placed = deployment(inputs, world);
  const CostProfile profile = world.profile(inputs.text("profile", "default"));
  const auto least = integers(inputs, "prompt_min"), most = integers(inputs, "prompt_max");
  const std::vector<double> rates = numbers(inputs, "rates");
  const std::size_t points = std::max({least.size(), most.size(), rates.size()});
  const auto at = [](const auto& list, std::size_t i) {
    return list[std::min(i, list.size() - 1)];
  };
  ServingOptions options;
  options.step_tokens = Tokens(inputs.integer("step_tokens", 2048));
  options.max_batch = inputs.integer("max_batch", 64);
  Numbers out;
  std::vector<double> first_ttft, first_p99, first_longest;
  for (const std::string& policy : inputs.texts("policies")) {
    options.scheduler = policy;
    std::vector<double> ttft, p99, longest, ends, padding;
    for (std::size_t i = 0; i < points; ++i) {
      const Served served = serve_under(placed, profile, options,
                                        draw(inputs, at(least, i), at(most, i), at(rates, i)));
      ttft.push_back(served.ttft_ms);
      p99.push_back(percentile_of_sorted(served.gaps_ms, 99));
      longest.push_back(served.gaps_ms.back());
      ends.push_back(served.end_s);
      padding.push_back(static_cast<double>(served.stats.padding));
    }
    if (first_ttft.empty()) first_ttft = ttft, first_p99 = p99, first_longest = longest;
    out.set(policy + "_ttft_ratio", ratios(ttft, first_ttft));
    out.set(policy + "_itl_p99_ratio", ratios(p99, first_p99));
    out.set(policy + "_itl_max_ratio", ratios(longest, first_longest));
    out.set(policy + "_ttft_ms", ttft);
    out.set(policy + "_itl_p99_ms", p99);
    out.set(policy + "_itl_max_ms", longest);
    out.set(policy + "_makespan_s", ends);
    out.set(policy + "_padding_tokens", padding);
  }
  return out;
}

// Forked sequences in the block pool: blocks are shared until one of the sequences writes, and only
// the block that is written in the middle is copied. "prompt_tokens" once, "samples" answers of
// "output_tokens" each.
Numbers forked_blocks(const JsonObject& inputs, const World&) {
  const Tokens block(inputs.integer("block_tokens"));
  const std::int64_t prompt = inputs.integer("prompt_tokens");
  const std::int64_t output = inputs.integer("output_tokens"), samples = inputs.integer("samples");
  if (block.count() < 1 || prompt < 1 || output < 1 || samples < 1) {
    inputs.refuse("samples", "or a length is below 1", "expected integers from 1");
  }
  const std::int64_t apart = (prompt + output + block.count() - 1) / block.count() * samples;
  KvBlockPool pool(apart + 1, block);
  pool.reserve(0, Tokens(prompt));
  const std::int64_t before = pool.used();
  for (std::int64_t s = 1; s < samples; ++s) pool.fork(0, static_cast<std::size_t>(s));
  Numbers out;
  out.set("blocks_of_prompt", static_cast<double>(before));
  out.set("blocks_after_fork", static_cast<double>(pool.used()));
  for (std::int64_t token = 0; token < output; ++token) {
    for (std::int64_t s = 0; s < samples; ++s) {
      const Tokens begin(prompt + token);
      pool.write(static_cast<std::size_t>(s), begin, begin + Tokens(1));
    }
  }
  pool.check();
  out.set("copied_blocks", static_cast<double>(pool.copies()));
  out.set("blocks_shared", static_cast<double>(pool.used()));
  out.set("blocks_apart", static_cast<double>(apart));
  for (std::int64_t s = 0; s < samples; ++s) pool.release(static_cast<std::size_t>(s));
  out.set("blocks_left", static_cast<double>(pool.used()));
  return out;
}

// Prompts that are paths of a random tree through the radix cache, one after the other: hits
// against the longest common prefix with any earlier prompt, in whole blocks, by brute force. With
// "pool_blocks" short of what the prompts need the cache evicts; the first prompt stays held
// throughout, and must stay cached.
Numbers radix_cache(const JsonObject& inputs, const World&) {
  const Tokens block(inputs.integer("block_tokens", 16));
  const std::int64_t prompts = inputs.integer("prompts"), units = inputs.integer("units");
  const auto fanout = static_cast<std::uint64_t>(inputs.integer("fanout"));
  const std::int64_t blocks = inputs.integer("pool_blocks");
  if (blocks < 2 * units) {
    inputs.refuse("pool_blocks", "hold less than two prompts", "expected 2 x units or more");
  }
  KvBlockPool pool(blocks, block);
  PrefixCache cache(pool, block);
  RandomStream random(static_cast<std::uint64_t>(inputs.integer("seed", 1)), "claims.radix");
  std::vector<std::vector<std::uint64_t>> earlier;
  double hits = 0, common = 0, unequal = 0, held_hit = 0;
  PrefixCache::Hold first;
  for (std::int64_t i = 0; i < prompts; ++i) {
    const auto keys = tree_path(random, units, fanout);
    std::size_t longest = 0;
    for (const auto& other : earlier) {
      const auto end = std::mismatch(keys.begin(), keys.end(), other.begin()).first;
      longest = std::max(longest, static_cast<std::size_t>(end - keys.begin()));
    }
    const Tokens all = block * units;
    PrefixCache::Match match = cache.match(keys, all);
    hits += static_cast<double>(match.hold.tokens.count());
    common += static_cast<double>(block.count()) * static_cast<double>(longest);
    unequal += match.hold.tokens == block * static_cast<std::int64_t>(longest) ? 0 : 1;
    const std::int64_t needed = units - match.hold.tokens.count() / block.count();
    if (pool.free() < needed) cache.evict(needed - pool.free());
    cache.share(match.hold, match.hold.tokens, 0);
    pool.reserve(0, all);
    cache.insert(match.hold, keys, all, 0);
    pool.release(0);
    if (i == 0) {
      first = match.hold;
    } else {
      cache.release(match.hold);
    }
    earlier.push_back(keys);
  }
  const PrefixCache::Match again = cache.match(earlier.front(), block * units);
  held_hit = static_cast<double>(again.hold.tokens.count());
  cache.release(again.hold);
  cache.release(first);
  Numbers out;
  out.set("hit_tokens", hits);
  out.set("common_prefix_tokens", common);
  out.set("unequal_hits", unequal);
  out.set("evicted_blocks", static_cast<double>(cache.stats().evicted_blocks));
  out.set("held_prompt_tokens", static_cast<double>((block * units).count()));
  out.set("held_prompt_still_cached", held_hit);
  return out;
}

}  // namespace inferbench::claims

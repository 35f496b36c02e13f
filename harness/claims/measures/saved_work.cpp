// Rows about what spares a served model work: drafted tokens and cached prefixes, replayed on a
// modelled deployment.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/random.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/claims/measures/served.hpp"
#include "harness/replay/deployed_system.hpp"
#include "workloads/ideal_prefix.hpp"

namespace inferbench::claims {
namespace {

struct Run {
  std::vector<RequestRecord> records;
  ReplicaStats stats;

  double tpot_ms() const {  // mean over answers of more than one token
    double sum = 0, count = 0;
    for (const RequestRecord& record : records) {
      if (record.token_times.size() < 2) continue;
      sum += seconds(record.token_times.back() - record.token_times.front()).count() * 1e3 /
             static_cast<double>(record.token_times.size() - 1);
      count += 1;
    }
    return sum / count;
  }
  double decode_ms() const {  // first to last token, over all answers
    double sum = 0;
    for (const RequestRecord& record : records) {
      sum += seconds(record.token_times.back() - record.token_times.front()).count() * 1e3;
    }
    return sum;
  }
  double tokens_per_decode() const {
    return 1 + static_cast<double>(stats.accepted) / static_cast<double>(stats.verified);
  }
};

Run replay(const Deployment& placed, const CostProfile& profile, const ServingOptions& options,
           const std::vector<Request>& requests) {
  DeployedSystem system(placed, profile, options);
  Run run{.records = serve(system, requests), .stats = {}};
  run.stats = system.stats().front();
  return run;
}

// Hashes of a prompt: blocks shared with every other prompt, then a path down a tree of `fanout`
// children, or blocks of its own where that is 0.
std::vector<std::uint64_t> prompt_blocks(RandomStream& random, std::int64_t shared,
                                         std::int64_t own, std::uint64_t fanout) {
  std::vector<std::uint64_t> hashes;
  std::uint64_t path = 1;
  for (std::int64_t block = 0; block < shared + own; ++block) {
    if (block < shared) {
      path = static_cast<std::uint64_t>(block) + 1;
    } else if (fanout == 0) {
      path = random.bits();
    } else {
      path = RandomStream(path, "claims.tree").at(random.below(fanout)).bits();
    }
    hashes.push_back(path);
  }
  return hashes;
}

}  // namespace

// Speculative decoding of "draft_tokens" by "draft_model" at every rate of "acceptance", ascending,
// in a replay with answers one at a time: tokens per verifying decode beside E = (1 - a^(g+1)) /
// (1 - a), time per output token over that without drafts, the cost of drafting by the difference
// to drafts that cost nothing, the speed-up that E and these costs make, what a step of the draft
// model takes when it is served by itself on the same GPUs (its host's work included), and whether
// as many drafts are accepted when answers share steps.
Numbers speculated_replay(const JsonObject& inputs, const World& world) {
  const Deployment placed = deployment(inputs, world);
  const CostProfile profile = world.profile(inputs.text("profile", "default"));
  const auto requests = draw_requests(inputs, 0, 1);
  const std::int64_t gamma = inputs.integer("draft_tokens");
  if (gamma < 1 || gamma > 64) inputs.refuse("draft_tokens", "is out of range", "1..64");
  ServingOptions options;
  options.max_batch = 1;
  const Run plain = replay(placed, profile, options, requests);
  const auto speculation = [&](double acceptance, bool free) {
    return Speculation{
        .method = free ? Speculation::Method::ngram : Speculation::Method::draft_model,
        .draft_model = free ? "" : inputs.text("draft_model"),
        .draft_tokens = Tokens(gamma),
        .acceptance = std::vector<double>(static_cast<std::size_t>(gamma), acceptance)};
  };
  std::vector<double> formula, tokens, ratio, gain, done, batched;
  double worst_drafting_ms = 0, verifying_speedup = 0;
  for (const double a : numbers(inputs, "acceptance")) {
    if (a > 1) inputs.refuse("acceptance", "is above 1", "expected probabilities");
    options.speculation = speculation(a, false);
    const Run run = replay(placed, profile, options, requests);
    ServingOptions together = options;
    together.max_batch = static_cast<std::int64_t>(requests.size());
    formula.push_back(expected_tokens_per_decode(*options.speculation));
    tokens.push_back(run.tokens_per_decode());
    ratio.push_back(tokens.back() / formula.back() - 1);
    gain.push_back(plain.tpot_ms() / run.tpot_ms());
    done.push_back(completed(run.records));
    const Run shared = replay(placed, profile, together, requests);
    batched.push_back(static_cast<double>(shared.stats.accepted) -
                      static_cast<double>(run.stats.accepted));
    if (tokens.size() == 1) {
      options.speculation = speculation(a, true);
      const Run free = replay(placed, profile, options, requests);
      worst_drafting_ms =
          (run.decode_ms() - free.decode_ms()) / static_cast<double>(run.stats.verified);
      verifying_speedup = plain.tpot_ms() / free.tpot_ms();
    }
  }
  options.speculation.reset();
  const auto drafter =
      place(world.model(inputs.text("draft_model")), placed.gpu, placed.parallel, placed.precision);
  const auto* alone = std::get_if<Deployment>(&drafter);
  if (alone == nullptr) inputs.refuse("draft_model", "does not fit", "choose one that fits");
  const double draft_alone_ms = replay(*alone, profile, options, requests).tpot_ms();
  std::vector<double> formula_gain;
  formula_gain.reserve(formula.size());
  for (const double e : formula) {
    formula_gain.push_back(e / (1 / verifying_speedup + worst_drafting_ms / plain.tpot_ms()));
  }
  Numbers out;
  out.set("requests", static_cast<double>(requests.size()));
  out.set("completed", done);
  out.set("formula_tokens_per_decode", formula);
  out.set("tokens_per_decode", tokens);
  out.set("over_formula_minus_1", ratio);
  out.set("accepted_more_when_batched", batched);
  out.set("speedup", gain);
  out.set("formula_speedup", formula_gain);
  std::vector<double> gain_error;
  for (std::size_t i = 0; i < gain.size(); ++i) gain_error.push_back(gain[i] / formula_gain[i] - 1);
  out.set("speedup_over_formula_minus_1", gain_error);
  out.set("draft_alone_step_ms", draft_alone_ms);
  out.set("worst_tokens_per_decode", tokens.front());
  out.set("best_tokens_per_decode", tokens.back());
  out.set("worst_speedup", gain.front());
  out.set("best_speedup", gain.back());
  out.set("worst_speedup_without_drafting", verifying_speedup);
  out.set("drafting_ms", worst_drafting_ms);
  out.set("plain_step_ms", plain.tpot_ms());
  return out;
}

// Prompts of "shared_blocks" and "own_blocks" blocks of "block_tokens", one every "gap_ms", through
// a deployment with the prefix cache and without: prompt tokens not computed, by the cache's count
// and by the difference in computed tokens, beside what an unbounded cache would have held.
// "fanout" makes the own blocks branches of a tree, shared in part.
Numbers prefix_replay(const JsonObject& inputs, const World& world) {
  const Deployment placed = deployment(inputs, world);
  const CostProfile profile = world.profile(inputs.text("profile", "default"));
  const std::int64_t count = inputs.integer("requests"), block = inputs.integer("block_tokens");
  const std::int64_t shared = inputs.integer("shared_blocks"), own = inputs.integer("own_blocks");
  const std::int64_t fanout = inputs.integer("fanout", 0);
  if (count < 2 || block < 1 || shared < 0 || own < 1 || fanout < 0) {
    inputs.refuse("requests", "or a length is too small",
                  "expected two requests, a block of one token, one own block");
  }
  const Duration gap = rounded(Seconds(inputs.number("gap_ms") / 1e3));
  RandomStream random(static_cast<std::uint64_t>(inputs.integer("seed", 1)), "claims.prefixes");
  IdealPrefixCache ideal{Tokens(block)};
  std::vector<Request> requests;
  for (std::int64_t i = 0; i < count; ++i) {
    Request made;
    made.id = RequestId(static_cast<std::uint64_t>(i));
    made.session = SessionId(static_cast<std::uint64_t>(i));
    made.arrival = Time(gap * i);
    made.prefix_blocks = prompt_blocks(random, shared, own, static_cast<std::uint64_t>(fanout));
    made.input = Tokens((shared + own) * block);
    made.output = made.max_output = Tokens(inputs.integer("output_tokens", 1));
    ideal.add(made);
    requests.push_back(std::move(made));
  }
  ServingOptions options;
  options.block_tokens = Tokens(block);
  const Run without = replay(placed, profile, options, requests);
  options.kv.options.prefix_cache = true;
  options.kv.options.hash_tokens = Tokens(block);
  const Run with = replay(placed, profile, options, requests);
  Numbers out;
  out.set("prompt_tokens", static_cast<double>(with.stats.kv.prompt_tokens));
  out.set("saved_tokens", static_cast<double>(with.stats.kv.hit_tokens));
  out.set("fewer_computed_tokens", static_cast<double>(without.stats.new_tokens) -
                                       static_cast<double>(with.stats.new_tokens));
  out.set("formula_saved_tokens", static_cast<double>(shared * block * (count - 1)));
  out.set("unbounded_cache_tokens", static_cast<double>(ideal.hit_tokens().count()));
  out.set("evicted_tokens", static_cast<double>(with.stats.kv.evicted_tokens));
  out.set("requests", static_cast<double>(count));
  out.set("completed", completed(with.records));
  out.set("ttft_p50_ms", ttft_percentile_ms(with.records, 50));
  out.set("ttft_p50_without_ms", ttft_percentile_ms(without.records, 50));
  return out;
}

}  // namespace inferbench::claims

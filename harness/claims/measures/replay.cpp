// Rows about batching and KV blocks, by replaying requests whose steps all take the same time.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/claims/measures/served.hpp"
#include "harness/execute/fixed_cost_executor.hpp"
#include "harness/replay/engine.hpp"
#include "harness/schedule/kv_block_pool.hpp"
#include "harness/schedule/registry.hpp"
#include "workloads/ideal_prefix.hpp"

namespace inferbench::claims {
namespace {

constexpr Duration kStep = std::chrono::milliseconds(10);

Request request(std::size_t id, Duration arrival, std::int64_t output, std::int64_t longest) {
  Request made;
  made.id = RequestId{id};
  made.session = SessionId{id};
  made.arrival = Time(arrival);
  made.input = Tokens(1);
  made.output = Tokens(output);
  made.max_output = Tokens(longest);
  return made;
}

struct Replayed {
  std::vector<RequestRecord> records;  // by id
  ReplicaStats stats;
  double seconds = 0;  // when the last request ended
};

// One replica of a policy, steps of kStep, and room in the KV pool for a whole batch.
Replayed replay(const std::string& policy, std::int64_t batch, std::vector<Request> requests) {
  std::int64_t longest = 1;
  for (const Request& one : requests) longest = std::max(longest, one.max_output.count() + 1);
  SchedulerOptions options;
  options.max_batch = batch;
  options.step_tokens = Tokens(std::max<std::int64_t>(batch, 2));
  options.kv_blocks = batch * (longest / options.block_tokens.count() + 2);
  options.watermark = 0;
  const auto scheduler = make_scheduler(policy, options);
  FixedCostExecutor executor(kStep);
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock);
  const auto records = serve(engine, std::move(requests));
  return {.records = records, .stats = engine.stats(), .seconds = ended_s(records)};
}

// Output lengths uniform in "output": [min, max].
std::vector<std::int64_t> draw_outputs(const JsonObject& inputs) {
  const std::vector<std::int64_t> range = integers(inputs, "output");
  if (range.size() != 2 || range[0] < 1 || range[0] > range[1]) {
    inputs.refuse("output", "is not [min, max]", "expected two ascending integers from 1");
  }
  RandomStream random(static_cast<std::uint64_t>(inputs.integer("seed", 1)), "claims.outputs");
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < inputs.integer("requests"); ++i) {
    lengths.push_back(random.between(range[0], range[1]));
  }
  if (lengths.empty()) inputs.refuse("requests", "is below 1", "expected at least one");
  return lengths;
}

// Steps that static batches of these lengths take: each as long as its longest answer.
double static_steps(const std::vector<std::int64_t>& lengths, std::size_t batch) {
  double steps = 0;
  for (std::size_t from = 0; from < lengths.size(); from += batch) {
    const auto end =
        lengths.begin() + static_cast<std::ptrdiff_t>(std::min(from + batch, lengths.size()));
    steps += static_cast<double>(
        *std::max_element(lengths.begin() + static_cast<std::ptrdiff_t>(from), end));
  }
  return steps;
}

}  // namespace

// Requests that all wait at the start, one-token prompts, answers of random length, through the
// static and the in-flight scheduler: makespan, idle places in the batch, gain in throughput.
// By formula static batches idle 1 - E[length] / E[longest of a batch] of their places, and
// in-flight batching gains E[longest] / E[length] once its ends are a small part of the run.
Numbers batching(const JsonObject& inputs, const World&) {
  const std::vector<std::int64_t> lengths = draw_outputs(inputs);
  const std::int64_t batch = inputs.integer("batch");
  if (batch < 1) inputs.refuse("batch", "is below 1", "expected at least one place");
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  std::vector<Request> requests;
  double tokens = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    requests.push_back(request(i, Duration{0}, lengths[i], longest));
    tokens += static_cast<double>(lengths[i]);
  }
  const Replayed fixed = replay("static", batch, requests);
  const Replayed moving = replay("in_flight", batch, requests);
  const auto waste = [&](const Replayed& run) {
    return 1 - tokens / (static_cast<double>(run.stats.steps) * static_cast<double>(batch));
  };
  const double expected_steps = static_steps(lengths, static_cast<std::size_t>(batch));
  Numbers out;
  out.set("static_makespan_s", fixed.seconds);
  out.set("in_flight_makespan_s", moving.seconds);
  out.set("static_steps", static_cast<double>(fixed.stats.steps));
  out.set("static_idle_share", waste(fixed));
  out.set("in_flight_idle_share", waste(moving));
  out.set("formula_idle_share", 1 - tokens / (expected_steps * static_cast<double>(batch)));
  out.set("throughput_gain", fixed.seconds / moving.seconds);
  out.set("formula_gain", expected_steps * static_cast<double>(batch) / tokens);
  return out;
}

// A request that arrives 5 ms after a long answer began, steps of 10 ms: with in-flight batching it
// joins the next step, with static batching it waits until the long answer is complete.
Numbers late_arrival(const JsonObject& inputs, const World&) {
  const std::int64_t running = inputs.integer("running_output"), late = inputs.integer("output");
  const std::vector<Request> requests = {request(0, Duration{0}, running, running),
                                         request(1, std::chrono::milliseconds(5), late, running)};
  Numbers out;
  for (const std::string policy : {"in_flight", "static"}) {
    const Replayed run = replay(policy, 4, requests);
    const RequestRecord& second = run.records[1];
    const auto ms = [&](Time when) { return seconds(when - second.scheduled).count() * 1e3; };
    out.set(policy + "_ttft_ms", ms(second.token_times.front()));
    out.set(policy + "_e2e_ms", ms(second.token_times.back()));
  }
  return out;
}

// KV room for sequences of random length in paged blocks and in contiguous reservations of the
// longest length. Sequences come and go, so that blocks scatter.
Numbers paged_kv(const JsonObject& inputs, const World&) {
  const std::vector<std::int64_t> lengths = draw_outputs(inputs);
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  const Tokens block(inputs.integer("block_tokens"));
  if (block.count() < 1) inputs.refuse("block_tokens", "is below 1", "expected tokens");
  const auto count = static_cast<std::int64_t>(lengths.size());
  KvBlockPool pool(count * (longest / block.count() + 1), block);
  for (std::size_t i = 0; i < lengths.size(); ++i) pool.reserve(i, Tokens(lengths[i]));
  // Every second sequence leaves and comes back in the order in which it left: what was freed last
  // is taken first, so that its blocks are now elsewhere.
  for (std::size_t i = 0; i < lengths.size(); i += 2) pool.release(i);
  for (std::size_t i = 0; i < lengths.size(); i += 2) pool.reserve(i, Tokens(lengths[i]));
  pool.check();
  double used = 0, held = 0, worst = 0, scattered = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const double slack = static_cast<double>(pool.room(i).count() - lengths[i]);
    used += static_cast<double>(lengths[i]);
    held += static_cast<double>(pool.room(i).count());
    worst = std::max(worst, slack);
    const auto blocks = pool.blocks(i);
    for (std::size_t b = 1; b < blocks.size(); ++b) {
      if (blocks[b].value != blocks[b - 1].value + 1) {
        scattered += 1;
        break;
      }
    }
  }
  const double whole = static_cast<double>(count * longest);
  Numbers out;
  out.set("worst_waste_tokens", worst);
  out.set("block_tokens", static_cast<double>(block.count()));
  out.set("paged_waste", 1 - used / held);
  out.set("contiguous_waste", 1 - used / whole);
  out.set("one_minus_mean_over_max",
          1 - used / static_cast<double>(count) / static_cast<double>(longest));
  out.set("scattered_sequences", scattered);
  return out;
}

// Prompts that begin with the same system prompt: tokens that a prefix cache saves.
Numbers prefix_sharing(const JsonObject& inputs, const World&) {
  const Tokens block(inputs.integer("block_tokens"));
  const std::int64_t count = inputs.integer("requests"), shared = inputs.integer("shared_tokens");
  const std::int64_t own = inputs.integer("own_tokens");
  if (block.count() < 1 || shared % block.count() != 0 || own < 1) {
    inputs.refuse("shared_tokens", "is " + std::to_string(shared),
                  "expected whole blocks of block_tokens, and own_tokens from 1");
  }
  IdealPrefixCache cache(block);
  for (std::int64_t i = 0; i < count; ++i) {
    Request made = request(static_cast<std::size_t>(i), Duration{0}, 1, 1);
    made.input = Tokens(shared + own);
    for (std::int64_t b = 0; b < shared / block.count(); ++b) {
      made.prefix_blocks.push_back(static_cast<std::uint64_t>(b) + 1);
    }
    for (std::int64_t from = 0; from < own; from += block.count()) {
      made.prefix_blocks.push_back(RandomStream(static_cast<std::uint64_t>(i), "claims.prefix")
                                       .at(static_cast<std::uint64_t>(from))
                                       .bits());
    }
    cache.add(made);
  }
  Numbers out;
  out.set("prompt_tokens", static_cast<double>(cache.tokens().count()));
  out.set("saved_tokens", static_cast<double>(cache.hit_tokens().count()));
  out.set("formula_saved_tokens", static_cast<double>(shared * (count - 1)));
  return out;
}

}  // namespace inferbench::claims

#include <memory>
#include <vector>

#include "harness/schedule/kv_memory.hpp"
#include "harness/schedule/registry.hpp"
#include "results/gate/series/burst.hpp"
#include "results/gate/series/gate_series.hpp"

namespace inferbench {
namespace {

SchedulerOptions limits() {
  SchedulerOptions options;
  options.step_tokens = Tokens(512);
  options.max_batch = 16;
  options.kv_blocks = 512;
  options.kv.prefix_cache = true;
  options.kv.hash_tokens = kBurstHashTokens;
  return options;
}

struct Scheduled {
  std::int64_t steps = 0, tokens = 0, emitted = 0;
};

// Plans and commits until every request has ended; nobody computes anything.
Scheduled schedule_all(const std::string& policy, const std::vector<Request>& requests) {
  const auto scheduler = make_scheduler(policy, limits());
  for (const Request& request : requests) static_cast<void>(scheduler->admit(request));
  Scheduled done;
  for (;;) {
    const BatchPlan& plan = scheduler->plan();
    if (plan.empty()) return done;
    for (const BatchItem& item : plan.items) done.tokens += item.new_tokens.count();
    done.emitted += static_cast<std::int64_t>(scheduler->commit(plan.step, {}).size());
    ++done.steps;
  }
}

std::vector<Request> requests_of(std::int64_t count, Tokens input, Tokens output) {
  EvenRequests source(count, input, output, Duration(0));
  std::vector<Request> requests;
  while (source.next_arrival() != kNever) requests.push_back(source.pop());
  return requests;
}

GateSeries policy_series(const std::string& policy) {
  return {"schedule/" + policy, [policy](bool) {
            const auto requests = std::make_shared<const std::vector<Request>>(
                requests_of(24, Tokens(200), Tokens(12)));
            const Scheduled done = schedule_all(policy, *requests);
            ReadySeries ready;
            const auto emitted = static_cast<double>(done.emitted);
            ready.opened.answer = {.sum = emitted, .magnitude = emitted};
            ready.opened.exact = {{"steps", done.steps}, {"new_tokens", done.tokens}};
            ready.run = [policy, requests] { schedule_all(policy, *requests); };
            return ready;
          }};
}

// Prompts one after another: match, blocks, insert, release; the pool holds a part of them.
std::int64_t cache_prompts(const std::vector<Request>& requests) {
  KvOptions options;
  options.prefix_cache = true;
  options.hash_tokens = kBurstHashTokens;
  KvMemory memory(256, Tokens(16), options);
  std::int64_t hits = 0;
  for (const Request& request : requests) {
    memory.open(0, request);
    hits += memory.start(0, request.input, request.input, 0).value_or(Tokens(0)).count();
    memory.note_computed(0, request.input);
    memory.close(0, request.input);
  }
  return hits;
}

GateSeries prefix_cache_series() {
  return {"schedule/prefix_cache", [](bool) {
            const auto requests = std::make_shared<const std::vector<Request>>(
                requests_of(32, Tokens(600), Tokens(1)));
            const auto hits = cache_prompts(*requests);
            ReadySeries ready;
            ready.opened.answer = {.sum = static_cast<double>(hits),
                                   .magnitude = static_cast<double>(hits)};
            ready.run = [requests] { cache_prompts(*requests); };
            return ready;
          }};
}

}  // namespace

std::vector<GateSeries> schedule_series() {
  return {policy_series("in_flight"), policy_series("prefill_first"), policy_series("static"),
          prefix_cache_series()};
}

}  // namespace inferbench

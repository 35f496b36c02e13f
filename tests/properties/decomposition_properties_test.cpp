// What a request's time went to adds up to it, to the nanosecond: over random workloads, policies,
// pools, pipelines, drafts, cuts, fleets that fail and clients that ask again, in strides and step
// by step.

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/replay/decomposition.hpp"
#include "tests/unit/replay/fleet_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

// Steps whose parts depend on the work in them, some of it hidden.
class PartsExecutor final : public Executor {
 public:
  explicit PartsExecutor(bool foretells, int stages = 1) : foretells_(foretells), stages_(stages) {}
  StepResult run(const BatchPlan& plan) override {
    StepResult result;
    Duration::rep tokens = 0, context = 0;
    for (const BatchItem& item : plan.items) {
      tokens += item.new_tokens.count();
      context += item.context.count() * (item.request.value % 5 + 1);
      const std::int64_t pick = item.request.value * 7 + item.context.count() * 3;
      result.accepted.push_back(
          item.decode ? static_cast<std::int32_t>(pick % item.new_tokens.count()) : 0);
    }
    StepTiming& t = result.timing;
    t.parts.gemm = Duration(500 + tokens * 11);
    t.parts.attention = Duration(context);
    t.parts.moe = Duration(tokens * 3);
    t.parts.scale_up = Duration(tokens * 2);
    t.parts.host = Duration(300);
    t.hidden_collectives = Duration(tokens);
    t.hidden = Duration(tokens + 100 + context / 50);
    t.stage =
        t.parts.gemm + t.parts.attention + t.parts.moe + t.parts.scale_up + t.parts.host - t.hidden;
    t.elapsed = t.stage * stages_ + Duration(7) * (stages_ - 1);
    return result;
  }
  bool foretells() const override { return foretells_; }
  void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                std::vector<StepTiming>& timings) override {
    BatchPlan next = plan;
    next.kv_to_host = next.kv_from_host = Tokens(0);
    for (Duration sum{}; most > 0 && sum < until; --most) {
      for (BatchItem& item : next.items) item.context += Tokens(1);
      timings.push_back(run(next).timing);
      sum += timings.back().elapsed;
    }
  }

 private:
  bool foretells_;
  int stages_;
};

void expect_sound(const TimeParts& parts, Duration whole) {
  for (const Duration part : parts.of) EXPECT_GE(part, Duration(0));
  EXPECT_EQ(parts.total(), whole);
  EXPECT_GE(parts.prefill, Duration(0));
  EXPECT_LE(parts.prefill, whole);
}

void expect_all_add_up(const std::vector<RequestRecord>& records) {
  for (const RequestRecord& record : records) {
    SCOPED_TRACE("request " + std::to_string(record.id.value));
    if (record.token_times.empty()) continue;
    ASSERT_NE(record.parts, nullptr);
    expect_sound(record.parts->first_token, record.token_times.front() - record.scheduled);
    expect_sound(record.parts->answer, record.token_times.back() - record.token_times.front());
  }
}

ReplayOptions random_engine(RandomStream& random) {
  ReplayOptions options;
  const auto policies = scheduler_names();
  options.policy = policies[random.below(policies.size())];
  SchedulerOptions& scheduler = options.scheduler;
  scheduler.draft_tokens = Tokens(random.below(4) == 0 ? random.between(1, 5) : 0);
  scheduler.step_tokens = Tokens(random.between(1, 200)) + scheduler.draft_tokens;
  scheduler.max_batch = random.between(1, 30);
  scheduler.block_tokens = Tokens(random.between(1, 20));
  scheduler.kv_blocks = random.between(1, 90);
  scheduler.watermark = random.below(2) == 0 ? 0 : 0.3;
  scheduler.steps_in_flight = random.below(4) == 0 ? random.between(2, 4) : 1;
  scheduler.attention_ranks = random.below(3) == 0 ? random.between(2, 4) : 1;
  scheduler.kv = random_kv(random, scheduler.block_tokens);
  options.replicas = random.below(2) == 0 ? 0 : static_cast<std::size_t>(random.between(1, 3));
  if (random.below(4) == 0) options.cut = Time(Duration(random.between(0, 300'000)));
  return options;
}

class EveryDecomposition : public testing::TestWithParam<int> {};

TEST_P(EveryDecomposition, AddsUpInStridesAndStepByStepAlike) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "decomposition");
  for (int round = 0; round < 60; ++round) {
    ReplayOptions options = random_engine(random);
    auto workload = random_requests(random.bits(), static_cast<std::size_t>(random.between(1, 40)),
                                    random.between(1, 100), random.between(1, 120),
                                    Duration(random.between(0, 60'000)));
    add_prefixes(workload, random, options.scheduler.kv.hash_tokens);
    SCOPED_TRACE(options.policy + ", round " + std::to_string(round));
    const int stages = static_cast<int>(options.scheduler.steps_in_flight);
    PartsExecutor strides(true, stages), steps(false, stages);
    Decomposition one, other;
    options.observer = &one;
    const Replayed ran = replay(workload, strides, options);
    options.observer = &other;
    const Replayed again = replay(workload, steps, options);
    expect_all_add_up(ran.records);
    for (std::size_t i = 0; i < ran.records.size(); ++i) {
      const auto &a = ran.records[i].parts, &b = again.records[i].parts;
      ASSERT_EQ(a == nullptr, b == nullptr);
      if (a != nullptr) {
        EXPECT_EQ(*a, *b) << "request " << i;
      }
    }
  }
}

// Failures, retries, timeouts, admission limits, decode pools.
TEST_P(EveryDecomposition, AddsUpInFleetsWhateverBefallsThem) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "fleet_decomposition");
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Decomposition decomposition;
    FleetSetup setup;
    setup.replicas = static_cast<std::size_t>(random.between(1, 3));
    setup.scheduler.step_tokens = Tokens(random.between(5, 100));
    setup.scheduler.max_batch = random.between(1, 12);
    setup.scheduler.kv_blocks = random.between(20, 60);
    setup.fleet.observer = &decomposition;
    setup.fleet.on_failure = random.below(2) == 0 ? OnFailure::fail : OnFailure::reroute;
    setup.fleet.clients.retries = random.between(0, 2);
    setup.fleet.clients.backoff = Duration(random.between(0, 20'000));
    if (random.below(2) == 0) {
      setup.fleet.clients.ttft_timeout = Duration(random.between(5'000, 200'000));
    }
    if (random.below(3) == 0) setup.fleet.most_open = random.between(1, 20);
    if (random.below(2) == 0) {
      setup.decode_replicas = static_cast<std::size_t>(random.between(1, 2));
      setup.fleet.decode.emplace();
      setup.fleet.decode->link = {.bytes_per_token = Bytes(1),
                                  .rate = BytesPerSecond(1e7),
                                  .latency = Duration(random.between(0, 9'000))};
    }
    for (std::int64_t at = random.between(1, 60'000); at < 400'000;
         at += random.between(10'000, 200'000)) {
      const auto replica = static_cast<std::int64_t>(random.below(setup.replicas));
      setup.fleet.events.push_back(
          {.kind = FleetEvent::Kind::fail, .at = Time(Duration(at)), .replica = replica});
      setup.fleet.events.push_back({.kind = FleetEvent::Kind::recover,
                                    .at = Time(Duration(at + 5'000)),
                                    .replica = replica});
    }
    std::stable_sort(setup.fleet.events.begin(), setup.fleet.events.end(),
                     [](const FleetEvent& a, const FleetEvent& b) { return a.at < b.at; });
    PartsExecutor executor(random.below(2) == 0);
    ListSource source(random_requests(random.bits(), 30, 80, 60, Duration(9'000)));
    expect_all_add_up(run_fleet(source, executor, setup).records);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EveryDecomposition, testing::Range(0, 6));

// A request that is alone waits for nobody.
TEST(DecompositionProperties, NobodyIsInTheWayOfOneRequestAtATime) {
  Decomposition decomposition;
  PartsExecutor executor(true);
  ReplayOptions options;
  options.scheduler.step_tokens = Tokens(16);
  options.observer = &decomposition;
  UsersSource source(random_requests(3, 20, 100, 50, Duration(0)), 1);
  for (const RequestRecord& record : replay(source, executor, options).records) {
    for (const TimePart part : {TimePart::queue, TimePart::interference, TimePart::gaps}) {
      EXPECT_EQ(record.parts->first_token[part], Duration(0));
      EXPECT_EQ(record.parts->answer[part], Duration(0));
    }
  }
}

}  // namespace
}  // namespace inferbench

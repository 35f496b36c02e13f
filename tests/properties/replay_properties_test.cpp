// What is true of every replay, tried over random workloads, policies, pipelines, ranks and pools.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/base/random.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

std::string random_policy(RandomStream& random) {
  const auto names = scheduler_names();
  return names[random.below(names.size())];
}

// A random system; small pools and batches come up often because they are where things break.
ReplayOptions random_system(RandomStream& random) {
  ReplayOptions options;
  options.policy = random_policy(random);
  SchedulerOptions& scheduler = options.scheduler;
  scheduler.step_tokens = Tokens(random.between(1, 200));
  scheduler.draft_tokens = Tokens(random.below(4) == 0 ? random.between(1, 5) : 0);
  scheduler.step_tokens += scheduler.draft_tokens;
  scheduler.max_batch = random.between(1, 40);
  scheduler.block_tokens = Tokens(random.between(1, 20));
  scheduler.kv_blocks = random.between(1, 60);
  scheduler.watermark = random.below(2) == 0 ? 0 : 0.3;
  scheduler.context = Tokens(random.below(3) == 0 ? 120 : 0);
  scheduler.steps_in_flight = random.between(1, 4);
  scheduler.attention_ranks = random.below(3) == 0 ? random.between(2, 4) : 1;
  scheduler.kv = random_kv(random, scheduler.block_tokens);
  options.replicas = random.below(2) == 0 ? 0 : static_cast<std::size_t>(random.between(1, 3));
  options.router = random.below(2) == 0 ? "round_robin" : "least_loaded";
  return options;
}

std::vector<Request> random_workload(RandomStream& random, const ReplayOptions& options) {
  auto requests = random_requests(random.bits(), static_cast<std::size_t>(random.between(1, 60)),
                                  random.between(1, 120), random.between(1, 60),
                                  Duration(random.between(0, 20'000)));
  add_prefixes(requests, random, options.scheduler.kv.hash_tokens);
  return requests;
}

bool equal(const RequestRecord& a, const RequestRecord& b) {
  return a.id == b.id && a.outcome == b.outcome && a.input == b.input && a.output == b.output &&
         a.scheduled == b.scheduled && a.issued == b.issued && a.admitted == b.admitted &&
         a.token_times == b.token_times && a.ended == b.ended && a.preemptions == b.preemptions &&
         a.replica == b.replica;
}

void expect_equal(const Replayed& a, const Replayed& b) {
  EXPECT_EQ(a.order, b.order);
  ASSERT_EQ(a.records.size(), b.records.size());
  for (std::size_t i = 0; i < a.records.size(); ++i) {
    EXPECT_TRUE(equal(a.records[i], b.records[i])) << "request " << i;
  }
}

void check_record(const RequestRecord& record, const Request& request) {
  EXPECT_EQ(record.id, request.id);
  EXPECT_GE(record.issued, record.scheduled);
  EXPECT_TRUE(std::is_sorted(record.token_times.begin(), record.token_times.end()));
  if (record.outcome == Outcome::rejected) {
    EXPECT_TRUE(record.token_times.empty());
    EXPECT_FALSE(record.admitted.has_value());
    return;
  }
  ASSERT_EQ(record.outcome, Outcome::completed);
  EXPECT_EQ(record.token_times.size(), static_cast<std::size_t>(request.output.count()));
  ASSERT_TRUE(record.admitted.has_value());
  EXPECT_GE(*record.admitted, record.issued);
  EXPECT_GT(record.token_times.front(), *record.admitted);
  EXPECT_EQ(record.token_times.back(), record.ended);
}

class EveryReplay : public testing::TestWithParam<int> {};

TEST_P(EveryReplay, ConservesRequestsTokensAndBlocks) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "every_replay");
  for (int round = 0; round < 40; ++round) {
    const ReplayOptions options = random_system(random);
    const auto workload = random_workload(random, options);
    TokenCostExecutor executor(static_cast<int>(options.scheduler.steps_in_flight));
    const Replayed out = replay(workload, executor, options);
    ASSERT_EQ(out.records.size(), workload.size());  // each in exactly one outcome
    for (std::size_t i = 0; i < workload.size(); ++i) check_record(out.records[i], workload[i]);
    for (const ReplicaStats& stats : out.stats) {
      EXPECT_EQ(stats.scheduler.kv_used, 0);
      EXPECT_EQ(stats.scheduler.waiting + stats.scheduler.running, 0);
      EXPECT_LE(stats.scheduler.kv_peak_used, stats.scheduler.kv_capacity);
    }
  }
}

TEST_P(EveryReplay, IsTheSameTwice) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "same_twice");
  for (int round = 0; round < 10; ++round) {
    const ReplayOptions options = random_system(random);
    const auto workload = random_workload(random, options);
    TokenCostExecutor executor(static_cast<int>(options.scheduler.steps_in_flight));
    expect_equal(replay(workload, executor, options), replay(workload, executor, options));
  }
}

TEST_P(EveryReplay, AFleetOfOneIsAnEngine) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "fleet_of_one");
  for (int round = 0; round < 20; ++round) {
    ReplayOptions options = random_system(random);
    const auto workload = random_workload(random, options);
    TokenCostExecutor executor(static_cast<int>(options.scheduler.steps_in_flight));
    if (random.below(3) == 0) options.cut = Time(Duration(random.between(0, 100'000)));
    options.replicas = 0;
    const Replayed engine = replay(workload, executor, options);
    options.replicas = 1;
    expect_equal(engine, replay(workload, executor, options));
  }
}

// What happens later cannot change what a user saw before: without the last half of the arrivals
// every token before the first missing arrival is the same.
TEST_P(EveryReplay, TheFutureDoesNotReachThePast) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "causality");
  for (int round = 0; round < 20; ++round) {
    const ReplayOptions options = random_system(random);
    const auto workload = random_workload(random, options);
    TokenCostExecutor executor(static_cast<int>(options.scheduler.steps_in_flight));
    const std::size_t half = workload.size() / 2;
    const std::vector<Request> first(workload.begin(),
                                     workload.begin() + static_cast<std::ptrdiff_t>(half));
    const Replayed whole = replay(workload, executor, options),
                   part = replay(first, executor, options);
    const Time missing = workload[half].arrival;
    for (std::size_t i = 0; i < half; ++i) {
      const auto before = [&](const RequestRecord& record) {
        std::vector<Time> times;
        for (const Time time : record.token_times) {
          if (time <= missing) times.push_back(time);
        }
        return times;
      };
      EXPECT_EQ(before(whole.records[i]), before(part.records[i]));
    }
  }
}

TEST_P(EveryReplay, ACutChangesNothingBeforeIt) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "cut");
  for (int round = 0; round < 20; ++round) {
    ReplayOptions options = random_system(random);
    const auto workload = random_workload(random, options);
    TokenCostExecutor executor(static_cast<int>(options.scheduler.steps_in_flight));
    const Replayed whole = replay(workload, executor, options);
    options.cut = Time(Duration(random.between(0, 200'000)));
    const Replayed cut = replay(workload, executor, options);
    for (const RequestRecord& record : cut.records) {
      const RequestRecord& full = whole.records[record.id.index()];
      if (record.outcome != Outcome::unfinished) {
        EXPECT_TRUE(equal(record, full));
        continue;
      }
      EXPECT_EQ(record.ended, *options.cut);
      ASSERT_LE(record.token_times.size(), full.token_times.size());
      EXPECT_TRUE(std::equal(record.token_times.begin(), record.token_times.end(),
                             full.token_times.begin()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EveryReplay, testing::Range(0, 8));

// One block of memory, whatever the policy and with or without drafts: requests that fit it run,
// one at a time, the others are rejected.
TEST(EveryReplay, APoolOfOneBlockServesWhatFits) {
  for (const std::string& policy : scheduler_names()) {
    for (const std::int64_t drafts : {0, 3}) {
      ReplayOptions options;
      options.policy = policy;
      options.scheduler.kv_blocks = 1;
      options.scheduler.block_tokens = 16_tok;
      options.scheduler.draft_tokens = Tokens(drafts);
      const auto workload = random_requests(3, 200, 20, 10, 1us);
      TokenCostExecutor executor;
      const Replayed out = replay(workload, executor, options);
      for (std::size_t i = 0; i < workload.size(); ++i) {
        const bool fits = workload[i].input + workload[i].max_output <= 17_tok;
        EXPECT_EQ(out.records[i].outcome, fits ? Outcome::completed : Outcome::rejected) << policy;
      }
      EXPECT_EQ(out.stats[0].preemptions, 0U);
    }
  }
}

// An answer of one token is complete with its prompt: nothing is left to decode.
TEST(EveryReplay, AnswersOfOneTokenNeedNoDecode) {
  for (const std::string& policy : scheduler_names()) {
    for (const std::int64_t drafts : {0, 2}) {
      ReplayOptions options;
      options.policy = policy;
      options.scheduler.step_tokens = 40_tok;
      options.scheduler.draft_tokens = Tokens(drafts);
      const Replayed out = replay(requests(std::vector<Ask>(30, {0ms, 20, 1})), 1ms, options);
      for (const RequestRecord& record : out.records) {
        EXPECT_EQ(record.outcome, Outcome::completed);
        EXPECT_EQ(record.token_times.size(), 1U);
      }
      EXPECT_EQ(out.stats[0].new_tokens, 30U * 20U) << policy;
      if (drafts == 0) {
        EXPECT_EQ(out.stats[0].steps, 15U) << policy;
      }
    }
  }
}

TEST(EveryReplay, ATinyPoolPreemptsAndStillFinishes) {
  ReplayOptions options;
  options.scheduler.kv_blocks = 40;
  options.scheduler.block_tokens = 4_tok;
  auto workload = random_requests(5, 300, 40, 80, 1us);
  for (Request& request : workload) request.max_output = request.output;
  const Replayed out = replay(workload, 10us, options);
  EXPECT_GT(out.stats[0].preemptions, 100U);
  for (const RequestRecord& record : out.records) {
    EXPECT_EQ(record.outcome, Outcome::completed);
  }
}

// Waste of static batching, in closed form: in a batch of n answers each place is held for the
// longest, so the share of empty place-steps is 1 - E[length] / E[longest of n]. Long prompts would
// blur it, so prompts are one token. In flight, the same work fills every place, and at saturation
// the makespans differ by E[longest] / E[length].
TEST(StaticBatching, WastesWhatItsLongestAnswerDictates) {
  constexpr std::size_t kBatch = 16, kBatches = 200;
  RandomStream random(11, "static_batching");
  std::vector<Ask> asks;
  double sum = 0, sum_of_longest = 0;
  for (std::size_t b = 0; b < kBatches; ++b) {
    std::int64_t longest = 0;
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::int64_t length = random.between(1, 100);
      asks.push_back({0ms, 1, length});
      sum += static_cast<double>(length);
      longest = std::max(longest, length);
    }
    sum_of_longest += static_cast<double>(longest);
  }
  ReplayOptions options;
  options.scheduler.max_batch = kBatch;
  options.policy = "static";
  const ReplicaStats held = replay(requests(asks), 1ms, options).stats[0];
  EXPECT_EQ(static_cast<double>(held.steps), sum_of_longest);
  const double waste =
      1 - static_cast<double>(held.items) / static_cast<double>(held.steps * kBatch);
  EXPECT_NEAR(waste, 1 - (sum / kBatch) / sum_of_longest, 1e-12);

  options.policy = "in_flight";
  const ReplicaStats flowing = replay(requests(asks), 1ms, options).stats[0];
  const double ratio = static_cast<double>(held.steps) / static_cast<double>(flowing.steps);
  EXPECT_NEAR(ratio, sum_of_longest / (sum / kBatch), 0.01 * ratio);  // the last answers drain
}

}  // namespace
}  // namespace inferbench

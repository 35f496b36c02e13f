// What is true of every fleet, whatever befalls it: tried over random policies, routers, events,
// limits, clients and pools.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "harness/base/random.hpp"
#include "tests/unit/replay/fleet_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

Time random_time(RandomStream& random) {
  return Time(Duration(random.between(0, 300'000)));
}

FleetEvent random_event(RandomStream& random, const FleetSetup& setup) {
  FleetEvent event;
  event.decode_pool = setup.decode_replicas > 0 && random.below(2) == 0;
  event.kind = static_cast<FleetEvent::Kind>(random.below(4));
  event.at = random_time(random);
  const std::size_t there = event.decode_pool ? setup.decode_replicas : setup.replicas;
  event.replica = static_cast<std::int64_t>(random.below(there));
  event.start = Duration(random.below(2) == 0 ? 0 : random.between(0, 50'000));
  return event;
}

FleetSetup random_setup(RandomStream& random) {
  FleetSetup setup;
  const auto policies = scheduler_names();
  const auto routers = router_names();
  setup.policy = policies[random.below(policies.size())];
  setup.router = routers[random.below(routers.size())];
  setup.replicas = static_cast<std::size_t>(random.between(1, 5));
  if (random.below(3) == 0) setup.decode_replicas = static_cast<std::size_t>(random.between(1, 4));
  SchedulerOptions& scheduler = setup.scheduler;
  scheduler.step_tokens = Tokens(random.between(1, 200));
  scheduler.max_batch = random.between(1, 40);
  scheduler.block_tokens = Tokens(random.between(1, 20));
  scheduler.kv_blocks = random.between(1, 60);
  scheduler.steps_in_flight = random.between(1, 3);
  scheduler.attention_ranks = random.below(3) == 0 ? 2 : 1;

  FleetOptions& fleet = setup.fleet;
  fleet.serving = static_cast<std::size_t>(random.between(1, static_cast<int>(setup.replicas)));
  for (std::int64_t i = random.between(0, 8); i > 0; --i) {
    fleet.events.push_back(random_event(random, setup));
  }
  if (random.below(2) == 0) fleet.on_failure = OnFailure::fail;
  if (random.below(3) == 0) fleet.most_open = random.between(1, 30);
  if (random.below(3) == 0) fleet.most_open_per_replica = random.between(1, 10);
  if (random.below(3) == 0) fleet.clients.ttft_timeout = Duration(random.between(0, 60'000));
  if (random.below(3) == 0) fleet.clients.total_timeout = Duration(random.between(0, 90'000));
  fleet.clients.retries = random.below(2) == 0 ? 0 : random.between(1, 3);
  fleet.clients.backoff = Duration(random.below(2) == 0 ? 0 : random.between(0, 9'000));
  if (random.below(3) == 0) {
    fleet.autoscaler = AutoscalerOptions{.least = 1,
                                         .most = static_cast<std::int64_t>(setup.replicas),
                                         .up = 4,
                                         .down = 2,
                                         .interval = Duration(7'000),
                                         .cool_down = Duration(20'000),
                                         .start = Duration(random.between(0, 9'000))};
  }
  if (random.below(4) == 0) fleet.cut = random_time(random);
  fleet.decode.emplace();
  fleet.decode->link = {.bytes_per_token = Bytes(1), .latency = Duration(random.between(0, 100))};
  if (random.below(2) == 0) fleet.decode->link.rate = BytesPerSecond(1e6);
  if (setup.decode_replicas == 0) fleet.decode.reset();
  return setup;
}

std::vector<Request> random_workload(RandomStream& random) {
  auto asked = random_requests(random.bits(), static_cast<std::size_t>(random.between(1, 120)),
                               random.between(1, 120), random.between(1, 60),
                               Duration(random.between(0, 5'000)));
  for (Request& request : asked) {
    request.session = SessionId(random.below(10));
    for (std::uint64_t b = random.below(4); b > 0; --b) {
      request.prefix_blocks.push_back(random.below(3));
    }
  }
  return asked;
}

FleetRun serve(const std::vector<Request>& workload, const FleetSetup& setup) {
  ListSource source(workload);
  TokenCostExecutor executor(static_cast<int>(setup.scheduler.steps_in_flight));
  return run_fleet(source, executor, setup);
}

bool reason_fits(Outcome outcome, Reason reason) {
  const auto is = [&](std::initializer_list<Reason> reasons) {
    return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
  };
  switch (outcome) {
    case Outcome::completed:
      return is({Reason::none});
    case Outcome::unfinished:
      return is({Reason::cut});
    case Outcome::rejected:
      return is({Reason::too_long, Reason::overloaded, Reason::no_replica});
    case Outcome::cancelled:
      return is({Reason::ttft_timeout, Reason::total_timeout});
    case Outcome::failed:
      return is({Reason::replica_failed, Reason::overloaded, Reason::no_replica});
  }
  return false;
}

void check(const RequestRecord& record, const Request& request, const FleetSetup& setup) {
  EXPECT_EQ(record.id, request.id);
  EXPECT_EQ(record.input, request.input);
  EXPECT_EQ(record.output, request.output);
  EXPECT_EQ(record.scheduled, request.arrival);
  EXPECT_TRUE(reason_fits(record.outcome, record.reason))
      << name(record.outcome) << " " << name(record.reason);
  EXPECT_TRUE(std::is_sorted(record.token_times.begin(), record.token_times.end()));
  EXPECT_LE(record.attempts, setup.fleet.clients.retries + 1);
  const auto tokens = static_cast<std::int64_t>(record.token_times.size());
  if (record.outcome == Outcome::completed) {
    EXPECT_EQ(tokens, request.output.count());
    EXPECT_EQ(record.token_times.back(), record.ended);
  } else {
    EXPECT_LT(tokens, request.output.count());
    EXPECT_GE(record.ended, record.issued);
  }
  if (record.outcome == Outcome::rejected) {
    EXPECT_EQ(tokens, 0);
  }
  if (tokens == 0) return;
  EXPECT_TRUE(record.admitted.has_value());
  EXPECT_LE(record.token_times.back(), record.ended);
  const ClientOptions& clients = setup.fleet.clients;
  if (record.attempts > 1) return;
  if (clients.ttft_timeout) {
    EXPECT_LE(record.token_times.front(), record.scheduled + *clients.ttft_timeout);
  }
  if (clients.total_timeout) {
    EXPECT_LE(record.ended, record.scheduled + *clients.total_timeout);
  }
}

class EveryFleet : public testing::TestWithParam<int> {};

TEST_P(EveryFleet, EndsEachRequestOnceWithItsReason) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "every_fleet");
  for (int round = 0; round < 60; ++round) {
    const FleetSetup setup = random_setup(random);
    const auto workload = random_workload(random);
    const FleetRun run = serve(workload, setup);
    // Without the requests that were not due at the cut.
    std::size_t due = workload.size();
    if (setup.fleet.cut && run.records.size() < workload.size()) {
      due = static_cast<std::size_t>(std::count_if(
          workload.begin(), workload.end(),
          [&](const Request& request) { return request.arrival <= *setup.fleet.cut; }));
    }
    ASSERT_EQ(run.records.size(), due);
    for (std::size_t i = 0; i < due; ++i) check(run.records[i], workload[i], setup);
    if (setup.fleet.cut) continue;
    for (const ReplicaStats& stats : run.stats) {
      EXPECT_EQ(stats.scheduler.kv_used, 0);
      EXPECT_EQ(stats.scheduler.waiting + stats.scheduler.running, 0);
    }
  }
}

TEST_P(EveryFleet, IsTheSameTwice) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "fleet_same_twice");
  for (int round = 0; round < 10; ++round) {
    const FleetSetup setup = random_setup(random);
    const auto workload = random_workload(random);
    const FleetRun a = serve(workload, setup), b = serve(workload, setup);
    ASSERT_EQ(a.records.size(), b.records.size());
    for (std::size_t i = 0; i < a.records.size(); ++i) {
      EXPECT_EQ(a.records[i].outcome, b.records[i].outcome);
      EXPECT_EQ(a.records[i].token_times, b.records[i].token_times);
      EXPECT_EQ(a.records[i].replica, b.records[i].replica);
      EXPECT_EQ(a.records[i].ended, b.records[i].ended);
    }
  }
}

// Limits that nothing reaches, and events after the end, change nothing.
TEST_P(EveryFleet, OptionsThatNeverMatterDoNotMatter) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "fleet_idle_options");
  for (int round = 0; round < 10; ++round) {
    FleetSetup setup = random_setup(random);
    setup.decode_replicas = 0;
    setup.fleet = {};
    const auto workload = random_workload(random);
    const FleetRun plain = serve(workload, setup);
    setup.fleet.clients = {.ttft_timeout = 1h, .total_timeout = 1h, .retries = 3};
    setup.fleet.most_open = setup.fleet.most_open_per_replica = 1'000'000;
    setup.fleet.events = {{.kind = FleetEvent::Kind::fail, .at = Time(1h)}};
    const FleetRun idle = serve(workload, setup);
    for (std::size_t i = 0; i < workload.size(); ++i) {
      EXPECT_EQ(plain.records[i].token_times, idle.records[i].token_times);
      EXPECT_EQ(plain.records[i].replica, idle.records[i].replica);
    }
  }
}

// The random fleets reach every way to end.
TEST(AnyFleet, ComesToEveryOutcomeAndReason) {
  std::map<std::pair<Outcome, Reason>, int> ends;
  RandomStream random(1, "fleet_ends");
  for (int round = 0; round < 400; ++round) {
    const FleetSetup setup = random_setup(random);
    for (const RequestRecord& record : serve(random_workload(random), setup).records) {
      ++ends[{record.outcome, record.reason}];
    }
  }
  EXPECT_EQ(ends.size(), 10U);
  for (const auto& [end, count] : ends) {
    EXPECT_GT(count, 0) << name(end.first) << " " << name(end.second);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EveryFleet, testing::Range(0, 8));

}  // namespace
}  // namespace inferbench

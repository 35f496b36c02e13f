#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "harness/replay/fleet.hpp"
#include "tests/unit/replay/replay_support.hpp"

// A fleet in one call, with everything that can befall it.
namespace inferbench::testing_support {

struct FleetRun {
  std::vector<RequestRecord> records;  // by id
  std::vector<ReplicaStats> stats;
  FleetActivity activity;
};

struct FleetSetup {
  std::size_t replicas = 1, decode_replicas = 0;
  std::string policy = "in_flight", router = "round_robin";
  SchedulerOptions scheduler = roomy();
  FleetOptions fleet{};  // decode.link is used, its members are made here
};

inline FleetRun run_fleet(RequestSource& source, Executor& executor, FleetSetup setup) {
  std::vector<std::unique_ptr<Scheduler>> schedulers;
  const auto members_of = [&](std::size_t replicas) {
    std::vector<FleetMember> members;
    for (std::size_t i = 0; i < replicas; ++i) {
      schedulers.push_back(make_scheduler(setup.policy, setup.scheduler));
      members.push_back({.scheduler = schedulers.back().get(), .executor = &executor});
    }
    return members;
  };
  const auto members = members_of(setup.replicas);
  const auto router = make_router(setup.router), decode_router = make_router(setup.router);
  const int stages = static_cast<int>(setup.scheduler.steps_in_flight);
  setup.fleet.stages = stages;
  if (setup.decode_replicas > 0) {
    if (!setup.fleet.decode) setup.fleet.decode.emplace();
    setup.fleet.decode->members = members_of(setup.decode_replicas);
    setup.fleet.decode->router = decode_router.get();
    setup.fleet.decode->stages = stages;
    Tokens longest = setup.scheduler.block_tokens * setup.scheduler.kv_blocks + Tokens(1);
    if (setup.scheduler.context > Tokens(0)) {
      longest = std::min(longest, setup.scheduler.context);
    }
    setup.fleet.longest = longest;
  }
  SimulatedClock clock;
  Fleet fleet(members, *router, clock, setup.fleet);
  RecordList list;
  fleet.serve(source, list);
  return {list.take_by_id(), fleet.stats(), fleet.activity()};
}

inline FleetRun run_fleet(const std::vector<Request>& requests, Duration step,
                          const FleetSetup& setup) {
  ListSource source(requests);
  FixedCostExecutor executor(step, static_cast<int>(setup.scheduler.steps_in_flight));
  return run_fleet(source, executor, setup);
}

inline std::vector<Duration> times(const RequestRecord& record) {
  std::vector<Duration> out;
  for (const Time time : record.token_times) out.push_back(time.time_since_epoch());
  return out;
}

}  // namespace inferbench::testing_support

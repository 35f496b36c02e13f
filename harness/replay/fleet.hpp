#pragma once

#include <optional>
#include <vector>

#include "harness/replay/clock.hpp"
#include "harness/replay/ended_requests.hpp"
#include "harness/replay/replica.hpp"
#include "harness/replay/router.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// What a fleet's replica is made of; the fleet keeps references.
struct FleetMember {
  Scheduler* scheduler = nullptr;
  Executor* executor = nullptr;
};

struct FleetOptions {
  int stages = 1;           // pipeline stages of each replica
  std::optional<Time> cut;  // as in EngineOptions
};

// Data parallelism: replicas behind a router, each stepping on its own. A fleet of one gives the
// records of an Engine, bit for bit.
class Fleet final : public SystemUnderTest {
 public:
  // At least one member.
  Fleet(const std::vector<FleetMember>& members, Router& router, Clock& clock,
        FleetOptions options = {});

  void serve(RequestSource& source, RecordSink& sink) override;

  std::vector<ReplicaStats> stats() const;  // by replica

 private:
  void finish_steps(Time now);
  void admit_arrivals(RequestSource& source);
  void start_steps(Time quiet_until);
  Time next_event() const;
  void route(Request request, Time now);

  std::vector<Replica> replicas_;
  std::vector<Time> next_events_;  // by replica, kept beside each other for the search of the next
  std::vector<ReplicaLoad> loads_;
  Router& router_;
  Clock& clock_;
  FleetOptions options_;
  EndedRequests ended_;
};

}  // namespace inferbench

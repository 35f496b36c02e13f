#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "harness/replay/appointments.hpp"
#include "harness/replay/autoscaler.hpp"
#include "harness/replay/clock.hpp"
#include "harness/replay/ended_requests.hpp"
#include "harness/replay/fleet_options.hpp"
#include "harness/replay/journey.hpp"
#include "harness/replay/kv_link.hpp"
#include "harness/replay/replica_pool.hpp"
#include "harness/replay/system_under_test.hpp"
#include "harness/schedule/slots.hpp"

namespace inferbench {

// Data parallelism: replicas behind a router, each stepping on its own; with what happens to fleets
// (FleetEvent, autoscaling), what their clients do (timeouts, retries), admission control, and
// prefill and decode in pools of their own. A fleet of one without any of that gives the records of
// an Engine, bit for bit.
//
// Executors that are concurrent compute their replicas' steps at the same time, on threads of their
// own; the fleet's thread plans, routes and commits meanwhile, and its clock tells it of their
// ends.
//
// However a request fares, it ends in exactly one outcome, with the reason.
class Fleet final : public SystemUnderTest {
 public:
  // At least one member. Keeps references to members, routers and clock.
  Fleet(const std::vector<FleetMember>& members, Router& router, Clock& clock,
        FleetOptions options = {});

  void serve(RequestSource& source, RecordSink& sink) override;

  std::vector<ReplicaStats> stats() const;  // by replica; of the decode pool behind the others
  FleetActivity activity() const;

 private:
  // The loop.
  void happen(Time now);
  void admit_arrivals(RequestSource& source);
  Time next_event(const RequestSource& source) const;
  Time quiet_until(Time next_arrival) const;
  bool computing() const;
  void cut(RequestSource& source, RecordSink& sink);

  // A request's way: fleet_journeys.cpp.
  void arrive(Request request, Time now);
  void enter(Journey& journey, Request request, Time now);
  void to_replica(Journey& journey, Request request, Time now);
  void settle(Time now);
  void settle(Ended ended, Time now);
  void send_kv(Journey& journey, Request request, Time now);
  void kv_arrived(const Appointment& transfer, Time now);
  void reroute(Journey& journey, Ended ended, Time now);
  bool retry(Journey& journey, Ended& ended, Time now);
  void ask_again(const Appointment& retry, Time now);
  void watch(const Journey& journey, Time asked);
  void give_up(const Appointment& timeout, Time now);
  void refuse(Journey& journey, Request request, Outcome outcome, Reason reason, Time now);
  void close(Journey& journey, Ended ended);
  Journey* find(RequestId request);

  // What befalls replicas: fleet_control.cpp.
  void schedule(const FleetEvent& event);
  void apply(const FleetEvent& event, Time now);
  void begin_start(std::size_t replica, bool decode_pool, Duration start, Time now);
  void scale_up(bool decode_pool, std::int64_t replicas, Duration start, Time now);
  void autoscale(Time now);

  ReplicaPool& pool(bool decode) { return decode ? *decode_ : entry_; }

  ReplicaPool entry_;
  std::optional<ReplicaPool> decode_;
  KvLinks links_;
  Clock& clock_;
  FleetOptions options_;
  std::optional<Autoscaler> autoscaler_;
  std::deque<FleetEvent> events_;            // ascending, and in the order given
  std::vector<std::vector<Time>> ready_at_;  // by pool and replica; kNever: it does not start

  Slots<Journey> journeys_;
  std::int64_t open_ = 0;         // journeys that are not with their clients
  std::uint32_t next_retry_ = 1;  // counts ids of later attempts, from below the top down
  Appointments transfers_, retries_, timeouts_;
  std::vector<Ended> raw_;  // from replicas, before it is known what becomes of them
  EndedRequests ended_;
  FleetActivity activity_;
};

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/replay/clock.hpp"
#include "harness/replay/replica.hpp"
#include "harness/replay/replica_loads.hpp"
#include "harness/replay/router.hpp"
#include "harness/replay/tournament_tree.hpp"

namespace inferbench {

// What a fleet's replica is made of; the fleet keeps references.
struct FleetMember {
  Scheduler* scheduler = nullptr;
  Executor* executor = nullptr;
};

struct ReplicaPoolOptions {
  int stages = 1;
  std::size_t serving = 0;       // members that take requests from the start, the first ones
  std::int32_t first_index = 0;  // RequestRecord::replica of the first member
  std::optional<std::int64_t> most_open_per_replica{};
  StepObserver* observer = nullptr;
};

// Replicas behind a router, each stepping on its own. At an instant only those are touched for
// which something happens, so that its cost does not grow with the pool beyond its logarithm.
class ReplicaPool {
 public:
  ReplicaPool(const std::vector<FleetMember>& members, Router& router,
              const ReplicaPoolOptions& options);

  std::size_t size() const { return replicas_.size(); }

  // Requests that end go to `ended`, as Replica hands them out.
  void finish_steps(Time now, std::vector<Ended>& ended);
  void start_steps(const Clock& clock, Time quiet_until);
  Time next_event() const { return next_events_.least(); }
  // Whether a replica computes a step whose end is not foreseen.
  bool computing() const { return !computing_.empty(); }

  // Whether a replica takes requests now; if not, whether one would if it were less full.
  bool takes_requests() const { return loads_.takers() > 0; }
  bool serves() const { return serving_ > 0; }
  std::size_t route(const Request& request) { return router_.pick(request, loads_); }
  enum class Arrives { with_prompt, with_kv };
  void submit(std::size_t replica, Request request, Arrives as, Time now,
              std::vector<Ended>& ended);

  // Of an open request of that replica:
  bool began(std::size_t replica, RequestId request) const;  // a token of it is visible
  void cancel(std::size_t replica, RequestId request, Reason reason, Time now,
              std::vector<Ended>& ended);

  // A replica is off until it starts; it serves until it drains or fails.
  void start(std::size_t replica);
  void drain(std::size_t replica);
  // Its open requests end as failed.
  void fail(std::size_t replica, Time now, std::vector<Ended>& ended);
  bool serves(std::size_t replica) const { return states_[replica] == State::serving; }
  bool failed(std::size_t replica) const { return states_[replica] == State::failed; }
  // Neither serving nor failed, and without open requests.
  bool is_off(std::size_t replica) const;
  std::size_t serving() const { return serving_; }
  std::int64_t open_requests() const { return open_requests_; }

  void cut(Time now, std::vector<Ended>& ended);
  void append_stats(std::vector<ReplicaStats>& all) const;

 private:
  enum class State : std::uint8_t { off, serving, failed };

  void touched(std::size_t replica, Time next_event);

  std::vector<Replica> replicas_;
  std::vector<std::size_t> computing_;  // those that do
  std::vector<State> states_;
  TournamentTree<Time> next_events_;
  ReplicaLoads loads_;
  Router& router_;
  std::optional<std::int64_t> most_open_per_replica_;
  std::size_t serving_ = 0;
  std::int64_t open_requests_ = 0;
};

}  // namespace inferbench

#include "harness/replay/replica_pool.hpp"

#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

ReplicaPool::ReplicaPool(const std::vector<FleetMember>& members, Router& router,
                         const ReplicaPoolOptions& options)
    : states_(members.size(), State::off),
      next_events_(members.size(), kNever),
      loads_(members.size()),
      router_(router),
      most_open_per_replica_(options.most_open_per_replica) {
  ensure(!members.empty(), "a fleet has a replica");
  ensure(options.serving <= members.size(), "no more replicas serve than there are");
  replicas_.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    replicas_.emplace_back(*members[i].scheduler, *members[i].executor, options.stages,
                           options.first_index + static_cast<std::int32_t>(i), options.observer);
  }
  for (std::size_t i = 0; i < options.serving; ++i) start(i);
}

void ReplicaPool::finish_steps(Time now, std::vector<Ended>& ended) {
  std::erase_if(computing_, [&](std::size_t replica) {
    const bool over = replicas_[replica].computed() || !replicas_[replica].computing();
    if (over) next_events_.set(replica, now);
    return over;
  });
  for (std::size_t i = next_events_.next(0, now); i < size(); i = next_events_.next(i + 1, now)) {
    replicas_[i].finish_steps(now, ended);
    touched(i, now);  // it may be able to start a step at once
  }
}

void ReplicaPool::start_steps(const Clock& clock, Time quiet_until) {
  const Time now = clock.now();
  for (std::size_t i = next_events_.next(0, now); i < size(); i = next_events_.next(i + 1, now)) {
    const bool before = replicas_[i].computing();
    replicas_[i].start_step(clock, quiet_until);
    if (replicas_[i].computing() && !before) computing_.push_back(i);
    next_events_.set(i, replicas_[i].next_event(now));
  }
}

// What was done to a replica is told to everybody who keeps a figure of it.
void ReplicaPool::touched(std::size_t replica, Time next_event) {
  next_events_.set(replica, next_event);
  const ReplicaLoad load{.open_requests = replicas_[replica].open_requests(),
                         .open_tokens = replicas_[replica].open_tokens()};
  open_requests_ += load.open_requests - loads_[replica].open_requests;
  loads_.set(replica, load);
  const bool full = most_open_per_replica_ && load.open_requests >= *most_open_per_replica_;
  if (states_[replica] == State::serving && !full) {
    loads_.open(replica);
  } else {
    loads_.close(replica);
  }
}

void ReplicaPool::submit(std::size_t replica, Request request, Arrives as, Time now,
                         std::vector<Ended>& ended) {
  ensure(replica < size() && loads_.takes(replica), "a router picks a replica that takes requests");
  if (as == Arrives::with_kv) {
    replicas_[replica].submit_prefilled(std::move(request), now, ended);
  } else {
    replicas_[replica].submit(std::move(request), now, ended);
  }
  touched(replica, now);
}

bool ReplicaPool::began(std::size_t replica, RequestId request) const {
  return replicas_[replica].began(request);
}

void ReplicaPool::cancel(std::size_t replica, RequestId request, Reason reason, Time now,
                         std::vector<Ended>& ended) {
  replicas_[replica].cancel(request, reason, now, ended);
  touched(replica, now);
}

void ReplicaPool::start(std::size_t replica) {
  if (states_[replica] != State::serving) ++serving_;
  states_[replica] = State::serving;
  touched(replica, next_events_[replica]);
}

void ReplicaPool::drain(std::size_t replica) {
  if (states_[replica] != State::serving) return;
  --serving_;
  states_[replica] = State::off;
  touched(replica, next_events_[replica]);
}

void ReplicaPool::fail(std::size_t replica, Time now, std::vector<Ended>& ended) {
  if (states_[replica] == State::serving) --serving_;
  states_[replica] = State::failed;
  replicas_[replica].fail(now, ended);
  touched(replica, kNever);
}

bool ReplicaPool::is_off(std::size_t replica) const {
  return states_[replica] == State::off && replicas_[replica].open_requests() == 0;
}

void ReplicaPool::cut(Time now, std::vector<Ended>& ended) {
  for (Replica& replica : replicas_) replica.cut(now, ended);
}

void ReplicaPool::append_stats(std::vector<ReplicaStats>& all) const {
  for (const Replica& replica : replicas_) all.push_back(replica.stats());
}

}  // namespace inferbench

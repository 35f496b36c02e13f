#include "harness/replay/fleet.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

Fleet::Fleet(const std::vector<FleetMember>& members, Router& router, Clock& clock,
             FleetOptions options)
    : next_events_(members.size(), kNever),
      loads_(members.size()),
      router_(router),
      clock_(clock),
      options_(options) {
  ensure(!members.empty(), "a fleet has a replica");
  replicas_.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    replicas_.emplace_back(*members[i].scheduler, *members[i].executor, options.stages,
                           static_cast<std::int32_t>(i));
  }
}

void Fleet::serve(RequestSource& source, RecordSink& sink) {
  while (true) {
    finish_steps(clock_.now());
    admit_arrivals(source);
    ended_.hand_over(sink);
    start_steps(std::min(source.next_arrival(), options_.cut.value_or(kNever)));
    const Time next = std::min(next_event(), source.next_arrival());
    if (next == kNever) return;
    if (options_.cut && next > *options_.cut) break;
    clock_.sleep_until(next);
  }
  clock_.sleep_until(*options_.cut);
  for (Replica& replica : replicas_) replica.cut(clock_.now(), ended_.fresh());
  ended_.tell(source, clock_.now());
  ended_.hand_over(sink);
}

void Fleet::finish_steps(Time now) {
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    if (next_events_[i] <= now) replicas_[i].finish_steps(now, ended_.fresh());
  }
}

void Fleet::admit_arrivals(RequestSource& source) {
  const Time now = clock_.now();
  ended_.tell(source, now);
  while (source.next_arrival() <= now) {
    route(source.pop(), now);
    ended_.tell(source, now);
  }
}

void Fleet::route(Request request, Time now) {
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    loads_[i] = {.open_requests = replicas_[i].open_requests(),
                 .open_tokens = replicas_[i].open_tokens()};
  }
  const std::size_t chosen = router_.pick(request, loads_);
  ensure(chosen < replicas_.size(), "a router picks a replica that exists");
  replicas_[chosen].submit(std::move(request), now, ended_.fresh());
  next_events_[chosen] = now;  // it may be able to start at once
}

void Fleet::start_steps(Time quiet_until) {
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    if (next_events_[i] > clock_.now()) continue;
    replicas_[i].start_step(clock_, quiet_until);
    next_events_[i] = replicas_[i].next_event(clock_.now());
  }
}

Time Fleet::next_event() const {
  return *std::min_element(next_events_.begin(), next_events_.end());
}

std::vector<ReplicaStats> Fleet::stats() const {
  std::vector<ReplicaStats> all;
  for (const Replica& replica : replicas_) all.push_back(replica.stats());
  return all;
}

}  // namespace inferbench

// What befalls a fleet's replicas.

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/replay/fleet.hpp"

namespace inferbench {

// Events of the same time keep their order.
void Fleet::schedule(const FleetEvent& event) {
  const auto after =
      std::upper_bound(events_.begin(), events_.end(), event.at,
                       [](Time at, const FleetEvent& other) { return at < other.at; });
  events_.insert(after, event);
}

void Fleet::apply(const FleetEvent& event, Time now) {
  ReplicaPool& hit = pool(event.decode_pool);
  const auto replica = static_cast<std::size_t>(event.replica);
  switch (event.kind) {
    case FleetEvent::Kind::fail:
      if (hit.failed(replica)) return;
      ++activity_.failures;
      ready_at_[event.decode_pool ? 1 : 0][replica] = kNever;
      hit.fail(replica, now, raw_);
      return settle(now);
    case FleetEvent::Kind::drain:
      if (hit.serves(replica)) ++activity_.drains;
      ready_at_[event.decode_pool ? 1 : 0][replica] = kNever;
      return hit.drain(replica);
    case FleetEvent::Kind::recover:
      return begin_start(replica, event.decode_pool, event.start, now);
    case FleetEvent::Kind::finish_start:
      // Unless it failed, or was told to drain, meanwhile.
      if (ready_at_[event.decode_pool ? 1 : 0][replica] != now) return;
      return begin_start(replica, event.decode_pool, Duration(0), now);
    case FleetEvent::Kind::scale_up:
      return scale_up(event.decode_pool, event.replicas, event.start, now);
  }
}

void Fleet::begin_start(std::size_t replica, bool decode_pool, Duration start, Time now) {
  Time& ready_at = ready_at_[decode_pool ? 1 : 0][replica];
  if (pool(decode_pool).serves(replica)) return;
  if (start > Duration(0)) {
    if (ready_at != kNever) return;
    ready_at = now + start;
    schedule({.kind = FleetEvent::Kind::finish_start,
              .at = ready_at,
              .replica = static_cast<std::int64_t>(replica),
              .decode_pool = decode_pool});
    return;
  }
  ready_at = kNever;
  pool(decode_pool).start(replica);
  ++activity_.starts;
  std::size_t& most = decode_pool ? activity_.most_decoding : activity_.most_serving;
  most = std::max(most, pool(decode_pool).serving());
}

void Fleet::scale_up(bool decode_pool, std::int64_t replicas, Duration start, Time now) {
  const std::vector<Time>& ready_at = ready_at_[decode_pool ? 1 : 0];
  const ReplicaPool& scaled = pool(decode_pool);
  for (std::size_t replica = 0; replica < scaled.size() && replicas > 0; ++replica) {
    if (!scaled.is_off(replica) || ready_at[replica] != kNever) continue;
    begin_start(replica, decode_pool, start, now);
    --replicas;
  }
}

void Fleet::autoscale(Time now) {
  const auto starting = static_cast<std::size_t>(std::count_if(
      ready_at_[0].begin(), ready_at_[0].end(), [](Time ready_at) { return ready_at != kNever; }));
  const int change = autoscaler_->look(now, open_, entry_.serving() + starting);
  if (change > 0) scale_up(false, 1, options_.autoscaler->start, now);
  if (change >= 0) return;
  for (std::size_t replica = entry_.size(); replica-- > 0;) {
    if (!entry_.serves(replica)) continue;
    ++activity_.drains;
    return entry_.drain(replica);
  }
}

}  // namespace inferbench

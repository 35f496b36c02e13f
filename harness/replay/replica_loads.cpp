#include "harness/replay/replica_loads.hpp"

#include <limits>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr ReplicaLoad kClosed{.open_requests = kMost, .open_tokens = Tokens(kMost)};
constexpr ReplicaLoad kAnyOpen{.open_requests = kMost - 1, .open_tokens = Tokens(kMost)};

}  // namespace

ReplicaLoads::ReplicaLoads(std::size_t replicas)
    : loads_(replicas), tree_(replicas, kClosed), place_(replicas, kNone) {}

void ReplicaLoads::set(std::size_t replica, const ReplicaLoad& load) {
  if (loads_[replica] == load) return;
  loads_[replica] = load;
  if (takes(replica)) tree_.set(replica, load);
}

void ReplicaLoads::open(std::size_t replica) {
  if (takes(replica)) return;
  place_[replica] = takers_.size();
  takers_.push_back(replica);
  tree_.set(replica, loads_[replica]);
}

void ReplicaLoads::close(std::size_t replica) {
  if (!takes(replica)) return;
  takers_[place_[replica]] = takers_.back();
  place_[takers_.back()] = place_[replica];
  takers_.pop_back();
  place_[replica] = kNone;
  tree_.set(replica, kClosed);
}

std::size_t ReplicaLoads::taker_from(std::size_t from) const {
  ensure(!takers_.empty(), "a request is routed where a replica takes it");
  const std::size_t found = tree_.next(from, kAnyOpen);
  return found < size() ? found : tree_.next(0, kAnyOpen);
}

}  // namespace inferbench

#include "harness/replay/router.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

class RoundRobin final : public Router {
 public:
  std::size_t pick(const Request& /*request*/, std::span<const ReplicaLoad> replicas) override {
    return next_++ % replicas.size();
  }

 private:
  std::size_t next_ = 0;
};

// Ties go to the fewest open prompt tokens, then to the lowest index.
class LeastLoaded final : public Router {
 public:
  std::size_t pick(const Request& /*request*/, std::span<const ReplicaLoad> replicas) override {
    const auto load = [](const ReplicaLoad& replica) {
      return std::pair(replica.open_requests, replica.open_tokens);
    };
    const auto least = std::min_element(replicas.begin(), replicas.end(),
                                        [&](const ReplicaLoad& left, const ReplicaLoad& right) {
                                          return load(left) < load(right);
                                        });
    return static_cast<std::size_t>(least - replicas.begin());
  }
};

template <class T>
std::unique_ptr<Router> make() {
  return std::make_unique<T>();
}

constexpr std::array<RoutingPolicy, 2> kPolicies = {{
    {"least_loaded", "the replica with the fewest open requests, then the fewest prompt tokens",
     make<LeastLoaded>},
    {"round_robin", "one replica after the other", make<RoundRobin>},
}};

}  // namespace

std::span<const RoutingPolicy> routing_policies() {
  return kPolicies;
}

std::vector<std::string> router_names() {
  std::vector<std::string> names;
  names.reserve(kPolicies.size());
  for (const RoutingPolicy& policy : kPolicies) names.emplace_back(policy.name);
  return names;
}

std::unique_ptr<Router> make_router(const std::string& policy) {
  for (const RoutingPolicy& known : kPolicies) {
    if (known.name == policy) return known.make();
  }
  throw unknown_name("--router", "router", policy, router_names());
}

}  // namespace inferbench

#include "harness/replay/router.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/replay/prefix_aware_router.hpp"

namespace inferbench {
namespace {

class RoundRobin final : public Router {
 public:
  std::size_t pick(const Request& /*request*/, const ReplicaLoads& replicas) override {
    const std::size_t chosen = replicas.taker_from(next_);
    next_ = (chosen + 1) % replicas.size();
    return chosen;
  }

 private:
  std::size_t next_ = 0;
};

// Ties go to the fewest open prompt tokens, then to the lowest index.
class LeastLoaded final : public Router {
 public:
  std::size_t pick(const Request& /*request*/, const ReplicaLoads& replicas) override {
    return replicas.least_loaded();
  }
};

// Two replicas drawn at random, the less loaded of them: nearly as even as least_loaded, with a
// look at two replicas only.
//
// Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 2001.
class PowerOfTwo final : public Router {
 public:
  explicit PowerOfTwo(std::uint64_t seed) : random_(seed, "router") {}

  std::size_t pick(const Request& /*request*/, const ReplicaLoads& replicas) override {
    const std::size_t takers = replicas.takers();
    if (takers == 1) return replicas.taker(0);
    const std::size_t first = random_.below(takers);
    std::size_t second = random_.below(takers - 1);
    second += second >= first ? 1 : 0;
    const std::size_t low = std::min(replicas.taker(first), replicas.taker(second));
    const std::size_t high = std::max(replicas.taker(first), replicas.taker(second));
    return replicas[high] < replicas[low] ? high : low;
  }

 private:
  RandomStream random_;
};

// A conversation stays where its first request went, while that replica takes requests; a new one,
// and one whose replica is gone, goes to the least loaded.
class SessionSticky final : public Router {
 public:
  std::size_t pick(const Request& request, const ReplicaLoads& replicas) override {
    const auto [home, is_new] = homes_.try_emplace(request.session.value, 0);
    if (is_new || !replicas.takes(home->second)) {
      home->second = static_cast<std::uint32_t>(replicas.least_loaded());
    }
    return home->second;
  }

 private:
  std::unordered_map<std::uint32_t, std::uint32_t> homes_;  // only looked up, never walked
};

template <class T>
std::unique_ptr<Router> make(const RouterOptions& /*options*/) {
  return std::make_unique<T>();
}

std::unique_ptr<Router> make_power_of_two(const RouterOptions& options) {
  return std::make_unique<PowerOfTwo>(options.seed);
}

constexpr std::array<RoutingPolicy, 5> kPolicies = {{
    {"least_loaded", "the replica with the fewest open requests, then the fewest prompt tokens",
     make<LeastLoaded>},
    {"round_robin", "one replica after the other", make<RoundRobin>},
    {"power_of_two", "the less loaded of two replicas drawn at random", make_power_of_two},
    {"prefix_aware", "where the longest prefix was sent before, unless that replica is too busy",
     make<PrefixAwareRouter>},
    {"session_sticky", "a conversation stays with its first replica; new ones to the least loaded",
     make<SessionSticky>},
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

std::unique_ptr<Router> make_router(const std::string& policy, const RouterOptions& options) {
  for (const RoutingPolicy& known : kPolicies) {
    if (known.name == policy) return known.make(options);
  }
  throw unknown_name("--router", "router", policy, router_names());
}

}  // namespace inferbench

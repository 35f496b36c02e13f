#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/replay/replica_loads.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// Chooses the replica that serves a request.
class Router {
 public:
  virtual ~Router() = default;
  // A replica that takes requests; there is at least one.
  virtual std::size_t pick(const Request& request, const ReplicaLoads& replicas) = 0;
};

struct RouterOptions {
  std::uint64_t seed = 1;  // of the policies that draw
};

struct RoutingPolicy {
  std::string_view name, description;
  std::unique_ptr<Router> (*make)(const RouterOptions& options);
};

// Every policy there is, the default first.
std::span<const RoutingPolicy> routing_policies();
std::vector<std::string> router_names();

// Throws Error with the nearest names.
std::unique_ptr<Router> make_router(const std::string& policy, const RouterOptions& options = {});

}  // namespace inferbench

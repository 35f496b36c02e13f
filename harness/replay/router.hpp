#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// What a router sees of a replica.
struct ReplicaLoad {
  std::int64_t open_requests = 0;
  Tokens open_tokens{};  // prompt tokens of these
};

// Chooses the replica that serves a request.
class Router {
 public:
  virtual ~Router() = default;
  // An index into `replicas`, of which there is at least one.
  virtual std::size_t pick(const Request& request, std::span<const ReplicaLoad> replicas) = 0;
};

struct RoutingPolicy {
  std::string_view name, description;
  std::unique_ptr<Router> (*make)();
};

// Every policy there is, the default first.
std::span<const RoutingPolicy> routing_policies();
std::vector<std::string> router_names();

// Throws Error with the nearest names.
std::unique_ptr<Router> make_router(const std::string& policy);

}  // namespace inferbench

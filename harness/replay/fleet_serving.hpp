#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/cost/cost_profile.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/fleet_options.hpp"

namespace inferbench {

// Disaggregated serving: the deployment computes prompts, this one decodes.
struct DecodeServing {
  std::shared_ptr<const Deployment> deployment;
  std::string router = "least_loaded";
  std::string transfer = "scale_out";  // the link tier that KV takes
};

// What befalls a deployment's replicas, and what its clients do.
struct FleetServing {
  std::vector<FleetEvent> events{};
  OnFailure on_failure = OnFailure::reroute;
  std::optional<std::int64_t> most_open{}, most_open_per_replica{};
  ClientOptions clients{};
  std::optional<AutoscalerOptions> autoscaler{};
  std::optional<DecodeServing> decode{};
};

std::vector<std::string> transfer_tiers();

// The link from a prefill replica to a decode replica: the KV of a prompt in its KV dtype, over all
// GPUs of the smaller of the two replicas at once, each at its tier's one-way rate and the cost
// profile's efficiency for large messages, plus the tier's point-to-point latency.
//
//   scale_up   inside the link domain (NVLink, or PCIe where there is none)
//   scale_out  the network between domains
//   host       over PCIe to the host and back, both at once
//
// Throws Error for a tier that is not known, a GPU that has no such link, or pools whose KV dtypes
// differ.
KvLink kv_link(const Deployment& prefill, const Deployment& decode, const std::string& tier,
               const CostProfile& profile);

// Replicas that a pool of `serving` needs for its events: those that a scale-up or the autoscaler
// may start included.
std::size_t replicas_with_spares(std::size_t serving, const FleetServing& fleet, bool decode_pool);

}  // namespace inferbench

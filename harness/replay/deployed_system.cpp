#include "harness/replay/deployed_system.hpp"

#include <utility>

#include "harness/base/error.hpp"
#include "harness/replay/fleet_events.hpp"
#include "harness/replay/longest_sequence.hpp"

namespace inferbench {
namespace {

std::size_t entry_replicas(const Deployment& deployment, const FleetServing& fleet) {
  return replicas_with_spares(static_cast<std::size_t>(deployment.parallel.dp), fleet, false);
}

FrontEndTimes front_end_of(const CostProfile& profile) {
  const auto* ops = std::get_if<OpsParameters>(&profile.parameters);
  if (ops == nullptr) return {};
  return {.latency = rounded(ops->front_end.latency), .interval = rounded(ops->front_end.interval)};
}

// GPUs when `most` of the deployment's replicas serve instead of `replicas`.
std::int64_t scaled(std::int64_t gpus, std::int64_t replicas, std::size_t most) {
  return (gpus * static_cast<std::int64_t>(most) + replicas - 1) / replicas;
}

}  // namespace

DeployedSystem::DeployedSystem(const Deployment& deployment, const CostProfile& profile,
                               const ServingOptions& options)
    : entry_(deployment, profile, options, options.router,
             entry_replicas(deployment, options.fleet)),
      front_end_(front_end_of(profile)),
      replicas_(deployment.parallel.dp),
      gpus_(deployment.gpus()) {
  FleetOptions fleet = fleet_options(deployment, profile, options);
  check_events(fleet.events, entry_.members().size(),
               fleet.decode ? fleet.decode->members.size() : 0);
  fleet_ = std::make_unique<Fleet>(entry_.members(), entry_.router(), clock_, std::move(fleet));
}

FleetOptions DeployedSystem::fleet_options(const Deployment& deployment, const CostProfile& profile,
                                           const ServingOptions& options) {
  const FleetServing& given = options.fleet;
  FleetOptions fleet;
  fleet.stages = static_cast<int>(deployment.parallel.pp);
  fleet.cut = options.cut;
  fleet.serving = static_cast<std::size_t>(deployment.parallel.dp);
  fleet.events = given.events;
  fleet.on_failure = given.on_failure;
  fleet.most_open = given.most_open;
  fleet.most_open_per_replica = given.most_open_per_replica;
  fleet.clients = given.clients;
  fleet.autoscaler = given.autoscaler;
  fleet.observer = options.observer;
  if (given.autoscaler && given.autoscaler->most < deployment.parallel.dp) {
    throw Error("--autoscale", "max=" + std::to_string(given.autoscaler->most),
                std::to_string(deployment.parallel.dp) + " replicas serve from the start",
                "raise max, or start with a smaller DP");
  }
  if (!given.decode) return fleet;

  const Deployment& decode = *given.decode->deployment;
  const auto serving = static_cast<std::size_t>(decode.parallel.dp);
  decode_replicas_ = decode.parallel.dp;
  decode_gpus_ = decode.gpus();
  decode_.emplace(decode, profile, options, given.decode->router,
                  replicas_with_spares(serving, given, true));
  fleet.decode = DecodePool{.members = decode_->members(),
                            .router = &decode_->router(),
                            .serving = serving,
                            .link = kv_link(deployment, decode, given.decode->transfer, profile),
                            .stages = static_cast<int>(decode.parallel.pp)};
  fleet.longest = decode_->longest_sequence();
  return fleet;
}

Tokens DeployedSystem::longest_sequence() const {
  return decode_ ? decode_->longest_sequence() : entry_.longest_sequence();
}

void DeployedSystem::serve(RequestSource& source, RecordSink& sink) {
  LongestSequenceSource fitting(source, longest_sequence());
  if (front_end_.none()) {
    fleet_->serve(fitting, sink);
    return;
  }
  FrontEnd passed(fitting, sink, front_end_);
  fleet_->serve(passed, passed);
}

std::vector<ReplicaStats> DeployedSystem::stats() const {
  return fleet_->stats();
}

std::int64_t DeployedSystem::prefill_gpus() const {
  return scaled(gpus_, replicas_, fleet_->activity().most_serving);
}

std::int64_t DeployedSystem::decode_gpus() const {
  if (!decode_) return prefill_gpus();
  return scaled(decode_gpus_, decode_replicas_, fleet_->activity().most_decoding);
}

}  // namespace inferbench

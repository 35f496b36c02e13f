#include "harness/replay/fleet_serving.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct Tier {
  BytesPerSecond prefill{}, decode{};  // of one GPU
  double efficiency = 1;
  Seconds latency{};
};

Tier tier_named(const std::string& name, const HardwareSpec& prefill, const HardwareSpec& decode,
                const CostProfile& profile) {
  const auto* ops = std::get_if<OpsParameters>(&profile.parameters);
  const auto* claims = std::get_if<ClaimsParameters>(&profile.parameters);
  if (name == "scale_up") {
    return {prefill.scale_up, decode.scale_up,
            ops != nullptr ? ops->scale_up.efficiency : claims->scale_up_efficiency,
            ops != nullptr ? ops->scale_up.send_receive_latency : claims->scale_up_latency};
  }
  if (name == "scale_out") {
    return {prefill.scale_out, decode.scale_out,
            ops != nullptr ? ops->scale_out.efficiency : claims->scale_out_efficiency,
            ops != nullptr ? ops->scale_out.send_receive_latency : claims->scale_out_latency};
  }
  if (name != "host") throw unknown_name("--transfer", "link tier", name, transfer_tiers());
  if (ops == nullptr) {
    throw Error("--transfer host", "profile " + profile.name + " knows no host link",
                "the claims formulation has the two network tiers only",
                "use scale_up, scale_out or another --profile");
  }
  return {prefill.pcie, decode.pcie, ops->host_link_efficiency, ops->scale_up.send_receive_latency};
}

}  // namespace

std::vector<std::string> transfer_tiers() {
  return {"scale_up", "scale_out", "host"};
}

KvLink kv_link(const Deployment& prefill, const Deployment& decode, const std::string& tier,
               const CostProfile& profile) {
  if (prefill.precision.kv != decode.precision.kv) {
    throw Error("--precision",
                "prompts are cached in " + std::string(name(prefill.precision.kv)) +
                    " and decoded from " + std::string(name(decode.precision.kv)),
                "both pools need one KV dtype", "give it: --precision ...,kv=fp8");
  }
  const Tier link = tier_named(tier, prefill.gpu, decode.gpu, profile);
  const BytesPerSecond slower = std::min(link.prefill, link.decode);
  if (slower.count() <= 0) {
    throw Error("--transfer " + tier, "the GPU has no such link", "its rate must be above 0",
                "use one of scale_up, scale_out, host");
  }
  const auto gpus = static_cast<double>(
      std::min(prefill.parallel.replica_gpus(), decode.parallel.replica_gpus()));
  return {.bytes_per_token = Bytes(kv_bytes_per_token(prefill.model, prefill.precision.kv)),
          .rate = slower * (gpus * link.efficiency),
          .latency = rounded(link.latency)};
}

std::size_t replicas_with_spares(std::size_t serving, const FleetServing& fleet, bool decode_pool) {
  std::size_t replicas = serving;
  for (const FleetEvent& event : fleet.events) {
    if (event.kind == FleetEvent::Kind::scale_up && event.decode_pool == decode_pool) {
      replicas += static_cast<std::size_t>(event.replicas);
    }
  }
  if (decode_pool || !fleet.autoscaler) return replicas;
  return std::max(replicas, static_cast<std::size_t>(fleet.autoscaler->most));
}

}  // namespace inferbench

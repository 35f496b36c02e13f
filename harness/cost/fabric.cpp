#include "harness/cost/fabric.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/real.hpp"

namespace inferbench {
bool reduces_in_network(const HardwareSpec& gpu) {
  const bool generation = gpu.link.starts_with("NVLink4") || gpu.link.starts_with("NVLink5");
  return generation && !gpu.full_mesh && gpu.domain_size > 2;
}

Fabric::Fabric(const HardwareSpec& gpu, const OpsParameters& parameters)
    : up_(parameters.scale_up),
      out_(parameters.scale_out),
      up_rate_(gpu.scale_up * parameters.scale_up.efficiency),
      out_rate_(gpu.scale_out * parameters.scale_out.efficiency),
      peers_(gpu.full_mesh ? real(gpu.domain_size - 1) : 0.0),
      one_shot_latency_(parameters.one_shot_latency) {
  if (parameters.in_network_efficiency && reduces_in_network(gpu)) {
    in_network_rate_ = gpu.scale_up * *parameters.in_network_efficiency;
  }
}

Seconds Fabric::up_latency(double ranks) const {
  return up_.latency + up_.latency_per_doubling * std::log2(ranks);
}

BytesPerSecond Fabric::up_bandwidth(double ranks) const {
  return peers_ > 0 ? up_rate_ * ((ranks - 1.0) / peers_) : up_rate_;
}

CollectiveCost Fabric::inside(Collective kind, Bytes message, double ranks) const {
  if (ranks <= 1) return {};
  CollectiveCost best{.wire_up = wire_bytes(kind, message, ranks)};
  best.scale_up = up_latency(ranks) + best.wire_up / up_bandwidth(ranks);
  if (kind != Collective::all_reduce) return best;
  const auto consider = [&](Seconds time, Bytes wire) {
    if (time < best.scale_up) best.scale_up = time, best.wire_up = wire;
  };
  if (one_shot_latency_) {
    const Bytes wire = message * (ranks - 1.0);
    consider(*one_shot_latency_ + wire / up_bandwidth(ranks), wire);
  }
  if (in_network_rate_) {
    const Bytes wire = in_network_wire_bytes(message);
    consider(up_latency(ranks) + wire / *in_network_rate_, wire);
  }
  return best;
}

CollectiveCost Fabric::all_to_all_across(Bytes message, const GroupPlacement& group) const {
  const double size = real(group.size), local = real(group.local);
  const Bytes inside = message * ((local - 1.0) / size);
  const Bytes outside = message * ((size - local) / size);
  const Seconds fast = inside.count() > 0 ? inside / up_bandwidth(local) : Seconds(0);
  const Seconds slow = out_.latency + out_.latency_per_doubling * std::log2(real(group.domains)) +
                       outside / out_rate_;
  return {.scale_up = std::max(Seconds(0), fast - slow),
          .scale_out = slow,
          .wire_up = inside,
          .wire_out = outside};
}

CollectiveCost Fabric::collective(Collective kind, Bytes message,
                                  const GroupPlacement& group) const {
  if (group.alone()) return {};
  if (group.inside_domain()) return inside(kind, message, real(group.size));
  if (kind == Collective::all_to_all) return all_to_all_across(message, group);
  const double local = real(group.local), domains = real(group.domains);
  CollectiveCost cost;
  const auto local_phase = [&](Collective phase) {
    const CollectiveCost part = inside(phase, message, local);
    cost.scale_up += part.scale_up, cost.wire_up += part.wire_up;
  };
  if (kind == Collective::all_reduce) {
    local_phase(Collective::reduce_scatter);
    local_phase(Collective::all_gather);
  } else {
    local_phase(kind);
  }
  cost.wire_out = wire_bytes(kind, message / local, domains);
  cost.scale_out =
      out_.latency + out_.latency_per_doubling * std::log2(domains) + cost.wire_out / out_rate_;
  return cost;
}

CollectiveCost Fabric::hop(Bytes message, const GroupPlacement& group) const {
  if (group.alone()) return {};
  if (group.inside_domain()) {
    return {.scale_up = up_.send_receive_latency + message / up_bandwidth(2), .wire_up = message};
  }
  return {.scale_out = out_.send_receive_latency + message / out_rate_, .wire_out = message};
}

}  // namespace inferbench

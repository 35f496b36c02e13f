#pragma once

#include <optional>

#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/plan/placement.hpp"
#include "kernels/shapes/collective.hpp"

namespace inferbench {

// What a collective costs one rank on each tier. Phases on the two tiers follow one another, so its
// time is their sum.
struct CollectiveCost {
  Seconds scale_up{}, scale_out{};
  Bytes wire_up{}, wire_out{};

  Seconds time() const { return scale_up + scale_out; }
};

// Collectives on two link tiers, alpha-beta with one-way bandwidth.
//
//   inside a domain   latency(N) + wire bytes / bandwidth; an all-reduce takes the fastest of ring
//                     (or two-shot), one-shot and, where the switch can, in-network reduction
//   across domains    hierarchical: each byte is reduced or gathered inside the domain first and
//                     crosses the slow network once, split over the domain's ranks; an all-to-all
//                     goes straight to its peers, both tiers at once
//   full mesh         a group of N sees N-1 of a GPU's D-1 links, a pair sees one
class Fabric {
 public:
  Fabric(const HardwareSpec& gpu, const OpsParameters& parameters);

  CollectiveCost collective(Collective kind, Bytes message, const GroupPlacement& group) const;

  // To the next rank of a pipeline or ring; the slowest hop of the group.
  CollectiveCost hop(Bytes message, const GroupPlacement& group) const;

 private:
  Seconds up_latency(double ranks) const;
  BytesPerSecond up_bandwidth(double ranks) const;
  CollectiveCost inside(Collective kind, Bytes message, double ranks) const;
  CollectiveCost all_to_all_across(Bytes message, const GroupPlacement& group) const;

  TierParameters up_, out_;
  BytesPerSecond up_rate_, out_rate_;
  double peers_ = 0;  // full mesh: links of a GPU; 0: a switch
  std::optional<Seconds> one_shot_latency_;
  std::optional<BytesPerSecond> in_network_rate_;
};

// Switches that add up what they forward: NVSwitch from the Hopper generation on (NVLink SHARP).
bool reduces_in_network(const HardwareSpec& gpu);

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/sweep/operating_point.hpp"
#include "harness/sweep/replay_method.hpp"
#include "harness/sweep/slo_watch.hpp"

namespace inferbench {

// One load tried on one task.
struct Probe {
  double load = 0;
  ProbeVerdict verdict = ProbeVerdict::missed;
  std::uint64_t seen = 0;          // requests whose record was counted
  bool whole = false;              // all of them
  std::string binds{};             // "ttft_p99 <= 2000 ms", "steady capacity", "saturation"
  std::optional<double> strain{};  // attained / limit of what binds, of a whole run
  std::vector<ConstraintCount> counts{};

  bool met() const { return verdict == ProbeVerdict::met; }
};

// Replays a workload at a load and judges its SLO. In open loop a load counts as met only when it
// can go on:
//   - the run does not saturate (harness/metrics/saturation.hpp), and
//   - it is not above the steady capacity by more than `capacity_margin`: a short workload can end
//     before the queue that it builds is felt. Such a load is missed without a replay.
class SloProbe {
 public:
  // Throws Error without an SLO, or when the workload is too short for the SLO's percentiles.
  SloProbe(SweepSystem system, ReplaySweep sweep, double capacity_margin);

  // Why the task cannot serve at all, as in SweepPoint::why_not; empty when it can.
  std::string why_not(const SweepTask& task) const;
  // The load above which it is not tried: (1 + margin) x the steady capacity in requests/s;
  // infinite in a closed loop, whose users wait for their answers.
  double highest_load(const SweepTask& task) const;

  // `task.load` is the load. Called from many threads at once.
  Probe run(const SweepTask& task, Stopping stopping, double highest_load) const;

  const SweepSystem& system() const { return system_; }
  const ReplaySweep& sweep() const { return sweep_; }
  const TrafficMeans& traffic() const { return traffic_; }
  double capacity_margin() const { return capacity_margin_; }
  std::uint64_t requests() const { return sweep_.workload->requests.size(); }

 private:
  SweepSystem system_;
  ReplaySweep sweep_;
  double capacity_margin_;
  TrafficMeans traffic_;
};

}  // namespace inferbench

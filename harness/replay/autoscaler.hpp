#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/replay/fleet_options.hpp"

namespace inferbench {

// Decides by the depth of the queue how many replicas there should be. It looks at fixed intervals
// and changes one replica at a time, with a pause after each change: a replica that starts takes a
// while until it helps, and is counted meanwhile.
class Autoscaler {
 public:
  explicit Autoscaler(const AutoscalerOptions& options)
      : options_(options), next_look_(Time(options.interval)) {}

  Time next_look() const { return next_look_; }
  // +1: start a replica, -1: drain one. `replicas` serve or start.
  int look(Time now, std::int64_t open_requests, std::size_t replicas);

 private:
  AutoscalerOptions options_;
  Time next_look_, quiet_until_{};
};

}  // namespace inferbench

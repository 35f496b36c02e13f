#pragma once

#include <string>

#include "harness/sweep/sweep_point.hpp"

namespace inferbench {

// How a sweep finds out about a task: in closed form, by replaying a workload, ...
class SweepMethod {
 public:
  virtual ~SweepMethod() = default;
  virtual std::string name() const = 0;  // "steady", "replay"
  // Called from many threads at once; equal tasks give equal points.
  virtual SweepPoint evaluate(const SweepTask& task) const = 0;
};

}  // namespace inferbench

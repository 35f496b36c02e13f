#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "harness/base/real.hpp"
#include "harness/tables/op_table.hpp"

namespace inferbench {

// By how much means of some times exceed their medians, over many points together.
//
// What a run takes is a sum over all occurrences, those that an interrupt or another program
// delayed among them. Medians leave these out, and a sum of medians falls short by as much; the
// mean of one point's few samples has all of one delay or none. So points keep the shape of their
// medians, and share what delays cost them all.
class Skew {
 public:
  void add(const std::vector<double>& times, double median) {
    time_ += std::accumulate(times.begin(), times.end(), 0.0);
    medians_ += median * real(static_cast<std::int64_t>(times.size()));
  }
  double ratio() const { return medians_ > 0 ? time_ / medians_ : 1; }

  // A median with its interval becomes a mean with that of the median.
  void apply(OpPoint& point) const {
    point.ns *= ratio();
    point.low_ns *= ratio();
    point.high_ns *= ratio();
  }

 private:
  double time_ = 0, medians_ = 0;
};

}  // namespace inferbench

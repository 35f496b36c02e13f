#pragma once

#include <optional>

#include "kernels/shapes/collective.hpp"

namespace inferbench {

// What a collective in shared memory should cost: the bytes of its algorithm at the rate at which
// as many threads copy, and its steps at the cost of a barrier.
struct TrafficModel {
  double copy_gb_per_s = 0;  // read and written, of all ranks together
  double barrier_ns = 0;

  // In nanoseconds. `pieces`: how many vectors are worked on in, where
  // an algorithm works in pieces; the direct ones do not.
  double predict_ns(Collective kind, CollectiveAlgorithm algorithm, Bytes message, int ranks,
                    double pieces) const;
};

// Steps in which a rank waits for others, per piece.
double collective_steps(Collective kind, CollectiveAlgorithm algorithm, int ranks);

}  // namespace inferbench

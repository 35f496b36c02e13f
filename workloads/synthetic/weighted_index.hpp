#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "harness/base/random.hpp"

namespace inferbench {

// Indices 0..n-1 drawn with given weights, by binary search in their running sum.
class WeightedIndex {
 public:
  void add(double weight) { cumulative_.push_back(total() + weight); }
  double total() const { return cumulative_.empty() ? 0.0 : cumulative_.back(); }
  std::size_t sample(RandomStream& random) const {
    const double u = random.uniform() * total();
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), u);
    return std::min(static_cast<std::size_t>(found - cumulative_.begin()), cumulative_.size() - 1);
  }

 private:
  std::vector<double> cumulative_;
};

}  // namespace inferbench

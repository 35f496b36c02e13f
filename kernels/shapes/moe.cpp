#include "kernels/shapes/moe.hpp"

#include <algorithm>
#include <cmath>

namespace inferbench {

double expected_distinct_experts(double experts, double top_k, double tokens) {
  if (tokens <= 0) return 0;
  if (top_k >= experts) return experts;
  return -experts * std::expm1(tokens * std::log1p(-top_k / experts));
}

double expected_ranks_visited(double experts, double top_k, double ranks) {
  const double resident = experts / ranks;
  double missed = 1;  // probability that a given rank has none of the picks
  for (double pick = 0; pick < top_k; ++pick) {
    missed *= std::max(0.0, experts - resident - pick) / (experts - pick);
  }
  return ranks * (1.0 - missed);
}

}  // namespace inferbench

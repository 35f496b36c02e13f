#include "kernels/shapes/moe.hpp"

#include <cmath>

namespace inferbench {

double expected_distinct_experts(double experts, double top_k, double tokens) {
  if (tokens <= 0) return 0;
  if (top_k >= experts) return experts;
  return -experts * std::expm1(tokens * std::log1p(-top_k / experts));
}

}  // namespace inferbench

#pragma once

namespace inferbench {

// Expected number of distinct experts that `tokens` tokens visit when each picks top_k of `experts`
// uniformly and independently: E * (1 - (1 - k/E)^t). Real routing is correlated between tokens, so
// this is an upper bound.
double expected_distinct_experts(double experts, double top_k, double tokens);

// Rows that all experts together compute: each token is a row of top_k experts.
inline double routed_rows(double tokens, double top_k) {
  return tokens * top_k;
}

}  // namespace inferbench

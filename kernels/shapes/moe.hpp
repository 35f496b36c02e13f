#pragma once

namespace inferbench {

// Expected number of distinct experts that `tokens` tokens visit when each picks top_k of `experts`
// uniformly and independently: E * (1 - (1 - k/E)^t). Real routing is correlated between tokens, so
// this is an upper bound.
double expected_distinct_experts(double experts, double top_k, double tokens);

// Expected number of distinct ranks that one token's experts live on, when `experts` are spread
// evenly over `ranks` and a token picks top_k different ones. Engines send a token once to a rank,
// however many of its experts are there.
double expected_ranks_visited(double experts, double top_k, double ranks);

// Rows that all experts together compute: each token is a row of top_k experts.
inline double routed_rows(double tokens, double top_k) {
  return tokens * top_k;
}

}  // namespace inferbench

#pragma once

#include "kernels/shapes/work.hpp"

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

// What one rank's experts do for one batch.
struct MoeShape {
  double tokens = 0;       // of the batch
  double tokens_here = 0;  // of those, with an expert of this rank
  double experts = 0;      // of the layer
  double top_k = 1;
  double rows = 0;    // choices that fall on this rank's experts
  double active = 0;  // this rank's experts that have rows
  double hidden = 0, inter = 0;
  double in_bytes = 4;       // per element of the layer's input
  double between_bytes = 4;  // per element of what one step writes and the next reads
  double out_bytes = 4;      // per element of the layer's output
  double weight_bytes = 2;   // per element of the experts' weights, scales included
};

// Steps of an MoE layer, each by itself: what it reads and writes, once. Router weights and expert
// numbers take 4 bytes each; offsets are not counted.
Work route_work(const MoeShape& s);    // logits in, top_k experts and weights out; 4 FLOPs a logit
Work gather_work(const MoeShape& s);   // each token here is read once, each row written
Work gate_up_work(const MoeShape& s);  // [rows, hidden] to [rows, 2 * inter], weights of the active
Work swiglu_work(const MoeShape& s);   // to [rows, inter]; 4 FLOPs an output
Work down_work(const MoeShape& s);     // to [rows, hidden]
Work combine_work(const MoeShape& s);  // rows times their weights, summed: to [tokens, hidden]

// All of them from hidden state to hidden state, without the router: the sum of the steps, or what
// is left when nothing between them leaves the cache.
Work moe_layer_unfused_work(const MoeShape& s);
Work moe_layer_work(const MoeShape& s);

// Ranks that share out a layer's experts: a token visits each of them that has an expert of it.
struct ExpertExchangeShape {
  double ranks = 1;
  double visits = 0;  // of tokens to ranks other than their own
  double hidden = 0, top_k = 1;
};

// Bytes between all of them for one layer: to each rank how many tokens come (8 bytes), then with
// each visitor its choices and their weights (4 bytes each), and one sum back. Vectors are fp32.
Bytes expert_exchange_bytes(const ExpertExchangeShape& s);

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/features.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// How a layer's router turns logits into experts and their weights.
//
//   softmax        weights are softmax(logits) of the chosen; their sum is below 1
//   softmax_top_k  softmax over the chosen alone (Mixtral); as `softmax`, divided by its sum
//   sigmoid        scores are sigmoid(logits); experts are chosen by score + bias, the bias being
//                  what balances load; weights are the scores of the chosen divided by their sum
//                  (DeepSeek-V3). With groups: only the experts of the top_groups groups take part
//                  whose two best biased scores have the largest sum.
//
// Equal values: the lower index first, of experts and of groups. Where the chosen have no sum above
// 0 to be divided by (no logit is finite, or scores are flushed to 0), their weights are equal.
//
// Sources: Jiang et al., "Mixtral of Experts", arXiv 2401.04088, section 2.1; DeepSeek-V3, arXiv
// 2412.19437, section 2.1.2.
enum class RouterScores { softmax, softmax_top_k, sigmoid };

struct ExpertRouter {
  std::int64_t experts = 0;
  std::int64_t top_k = 0;
  RouterScores scores = RouterScores::softmax_top_k;
  std::int64_t groups = 1, top_groups = 1;  // sigmoid
  float scale = 1;                          // of the weights (DeepSeek-V3: 2.5)
};

inline constexpr std::int64_t kMostExperts = 1024;

// Throws Error unless 1 <= top_k <= experts <= 1,024, groups divide the experts and top_groups of
// them have top_k.
void check_router(const ExpertRouter& router);

//   logits   [tokens, experts]  fp32, no NaN
//   bias     [experts]          fp32, or empty
//   experts  [tokens, top_k]    the best first
//   weights  [tokens, top_k]    fp32
//
// Scores use exact_exp and sums of one order, so experts and weights have the same bits on every
// instruction set and in every batch. Throws Error for a router that is none, std::logic_error if
// spans disagree.
void moe_route(const ExpertRouter& router, std::span<const float> logits,
               std::span<const float> bias, std::span<std::int32_t> experts,
               std::span<float> weights, ThreadTeam& team, Isa isa = best_isa());

}  // namespace inferbench

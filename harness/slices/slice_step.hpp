#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/cost/ops_formulation.hpp"
#include "harness/cost/ops_step.hpp"

namespace inferbench {

// What one rank of a deployment computes in a steady step, in whole numbers: all that its kernels'
// times depend on. Stages and replicas do not enter, so configurations share slices.
struct SliceStep {
  std::int64_t tp = 1, ep = 1;  // into how many shares heads and columns are cut; and experts
  std::int64_t prompts = 0, prompt_tokens = 0, prompt_cached = 0;  // each; tokens of its chunk
  std::int64_t decodes = 0, decode_cached = 0;                     // each
  std::int64_t sampled = 0;                                        // rows of the LM head
  std::int64_t expert_rows = 0, expert_distinct = 0;  // of a layer with experts, on this rank

  std::int64_t tokens() const { return prompts * prompt_tokens + decodes; }
  auto operator<=>(const SliceStep&) const = default;
};

std::string label(const SliceStep& step);  // "TP8: 512 prompt tokens behind 16128, 16 decodes ..."

// The steps to measure for a load. With context parallelism there are two, because ranks share
// tokens in linear layers and the keys of all tokens in attention: the first is measured for linear
// layers and experts, the second for attention. Experts are those of the busiest rank.
struct SliceSteps {
  SliceStep linear, attention;
};
SliceSteps slice_steps(const OpsFormulation& formulation, const RankLoad& load, double all_tokens);

}  // namespace inferbench

#include "harness/slices/slice_step.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/real.hpp"

namespace inferbench {
namespace {

std::int64_t whole(double value, std::int64_t least = 1) {
  return std::max(least, static_cast<std::int64_t>(std::llround(value)));
}

// A prompt's chunk of so many tokens attends to as many pairs as the load says, on average.
void put_prompts(const AttentionLoad& load, double share, SliceStep& step) {
  if (load.queries <= 0) return;
  step.prompts = whole(load.requests);
  const double each = load.queries / real(step.prompts) / share;
  step.prompt_tokens = whole(each);
  const double seen = load.pairs / load.queries;
  step.prompt_cached = whole(seen - real(step.prompt_tokens) / 2, 0);
}

void put_decodes(const AttentionLoad& load, double requests, double share, SliceStep& step) {
  if (load.queries <= 0) return;
  step.decodes = whole(requests);
  step.decode_cached = whole(load.kv_tokens / load.queries / share - 1, 0);
}

void put_experts(const OpsFormulation& formulation, double all_tokens, SliceStep& step) {
  if (!formulation.model().moe) return;
  const RankExperts rank = formulation.hottest_rank(all_tokens);
  step.expert_rows = whole(rank.rows);
  step.expert_distinct = std::min(whole(rank.distinct), step.expert_rows);
}

}  // namespace

std::string label(const SliceStep& step) {
  const auto number = [](std::int64_t n) { return std::to_string(n); };
  std::string text = "TP" + number(step.tp) + (step.ep > 1 ? "EP" + number(step.ep) : "") + ":";
  if (step.prompts > 0) {
    text += " " + number(step.prompts) + " x " + number(step.prompt_tokens) +
            " prompt tokens behind " + number(step.prompt_cached) + ",";
  }
  text += " " + number(step.decodes) + " decodes behind " + number(step.decode_cached);
  if (step.expert_rows > 0) {
    text +=
        ", " + number(step.expert_rows) + " rows of " + number(step.expert_distinct) + " experts";
  }
  return text;
}

SliceSteps slice_steps(const OpsFormulation& formulation, const RankLoad& load, double all_tokens) {
  const ParallelConfig& parallel = formulation.parallel();
  const double cp = real(parallel.cp);
  SliceSteps steps;
  SliceStep& linear = steps.linear;
  linear.tp = parallel.tp;
  linear.ep = parallel.ep;
  linear.sampled = whole(load.sampled);
  put_experts(formulation, all_tokens, linear);
  put_prompts(load.prefill, cp, linear);
  steps.attention = linear;
  put_decodes(load.decode, load.decode.queries / cp, 1, linear);
  put_decodes(load.decode, load.decode.queries, cp, steps.attention);
  return steps;
}

}  // namespace inferbench

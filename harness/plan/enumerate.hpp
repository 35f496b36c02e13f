#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/catalog/model_spec.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/plan/parallel_config.hpp"

namespace inferbench {

// Which degrees are tried.
enum class Degrees { powers_of_two, divisors };

// What a configuration must obey to be worth looking at. Each rule is a switch: an absent cap does
// not bind. A model's own limits (stages up to its layers, EP up to its experts) are not here: a
// configuration beyond them is listed, and place() says why it cannot work.
struct PlanRules {
  Degrees degrees = Degrees::powers_of_two;  // of TP, CP, EP and PP; DP is what is left
  bool context_parallel = false;             // CP above 1
  std::optional<std::int64_t> max_tp, max_cp, max_ep, max_pp, max_dp;
  std::optional<std::int64_t> max_tp_ep;  // TP x EP: engines that cut EP out of the TP group
  std::int64_t min_replica_gpus = 1;      // GPUs of one replica, that is all but DP
  bool pp_divides_layers = false;
  bool tp_divides_heads = false;
};

// A configuration of exactly N GPUs and the rules it breaks; none: it is allowed.
struct Candidate {
  ParallelConfig parallel;
  std::vector<std::string> broken;  // "max-ep: EP32 is above 16"

  bool allowed() const { return broken.empty(); }
};

// Every TP x CP x EP x PP x DP = gpus with the degrees of `rules`, allowed or not, in ascending
// order of TP, CP, EP, PP. Throws Error for fewer than one or more than 1,048,576 GPUs.
std::vector<Candidate> enumerate(std::int64_t gpus, const PlanRules& rules, const ModelSpec& model);

// Those of `enumerate` that break no rule.
std::vector<ParallelConfig> allowed_configs(std::int64_t gpus, const PlanRules& rules,
                                            const ModelSpec& model);

// The rules that NVIDIA's blog states for GPT-MoE-1.8T on 64 GPUs, for any model: powers of two, EP
// up to the number of experts (1 for a dense model), and replicas whose GPUs together hold the
// weights. They leave 70 of 84 configurations there; the blog says 73.
//
// Source: NVIDIA blog, Demystifying AI Inference Deployments for Trillion Parameter LLMs, June
// 2024.
PlanRules default_rules(const ModelSpec& model, const HardwareSpec& gpu, const Precision& precision,
                        const MemoryBudget& budget = {});

// A rule in words, for output.
struct RuleText {
  std::string name;            // the option that sets it: "max-ep"
  std::string value;           // "16"; "off"
  std::string why;             // what it keeps out, and where it is from
  std::int64_t broken_by = 0;  // configurations that break it
};

std::vector<RuleText> describe(const PlanRules& rules, const std::vector<Candidate>& candidates);

}  // namespace inferbench

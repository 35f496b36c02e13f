#include "harness/plan/enumerate.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/plan/limits.hpp"
#include "harness/plan/memory.hpp"

namespace inferbench {
namespace {

// Ascending degrees that divide `gpus`.
std::vector<std::int64_t> degrees_of(std::int64_t gpus, Degrees degrees) {
  std::vector<std::int64_t> all;
  if (degrees == Degrees::powers_of_two) {
    for (std::int64_t degree = 1; gpus % degree == 0; degree *= 2) all.push_back(degree);
    return all;
  }
  for (std::int64_t low = 1; low * low <= gpus; ++low) {
    if (gpus % low != 0) continue;
    all.push_back(low);
    if (low != gpus / low) all.push_back(gpus / low);
  }
  std::sort(all.begin(), all.end());
  return all;
}

void check_caps(const PlanRules& rules, const ParallelConfig& p, std::vector<std::string>& broken) {
  const auto check = [&](const char* name, const char* degree, std::int64_t value,
                         const std::optional<std::int64_t>& cap) {
    if (!cap || value <= *cap) return;
    broken.push_back(std::string(name) + ": " + degree + std::to_string(value) + " is above " +
                     std::to_string(*cap));
  };
  check("max-tp", "TP", p.tp, rules.max_tp);
  check("max-cp", "CP", p.cp, rules.max_cp);
  check("max-ep", "EP", p.ep, rules.max_ep);
  check("max-pp", "PP", p.pp, rules.max_pp);
  check("max-dp", "DP", p.dp, rules.max_dp);
  check("max-tp-ep", "TP x EP = ", p.tp * p.ep, rules.max_tp_ep);
}

std::vector<std::string> broken_rules(const PlanRules& rules, const ParallelConfig& p,
                                      const ModelSpec& model) {
  std::vector<std::string> broken;
  check_caps(rules, p, broken);
  if (p.replica_gpus() < rules.min_replica_gpus) {
    broken.push_back("min-replica-gpus: a replica of " + std::to_string(p.replica_gpus()) +
                     " is below " + std::to_string(rules.min_replica_gpus));
  }
  if (rules.pp_divides_layers && model.layers % p.pp != 0) {
    broken.push_back("pp-divides-layers: PP" + std::to_string(p.pp) + " over " +
                     std::to_string(model.layers) + " layers");
  }
  if (rules.tp_divides_heads && model.heads % p.tp != 0) {
    broken.push_back("tp-divides-heads: TP" + std::to_string(p.tp) + " over " +
                     std::to_string(model.heads) + " heads");
  }
  return broken;
}

std::string shown(const std::optional<std::int64_t>& cap) {
  return cap ? std::to_string(*cap) : "off";
}

std::int64_t count_broken(const std::vector<Candidate>& candidates, const std::string& rule) {
  return std::count_if(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
    return std::any_of(candidate.broken.begin(), candidate.broken.end(),
                       [&](const std::string& reason) { return reason.starts_with(rule + ":"); });
  });
}

}  // namespace

std::vector<Candidate> enumerate(std::int64_t gpus, const PlanRules& rules,
                                 const ModelSpec& model) {
  if (gpus < 1 || gpus > kMostGpus) {
    throw Error("--gpus", std::to_string(gpus), "expected 1 to 1,048,576 GPUs");
  }
  const std::vector<std::int64_t> all = degrees_of(gpus, rules.degrees);
  const std::vector<std::int64_t> one = {1};
  std::vector<Candidate> candidates;
  for (const std::int64_t tp : all) {
    for (const std::int64_t cp : rules.context_parallel ? all : one) {
      for (const std::int64_t ep : all) {
        for (const std::int64_t pp : all) {
          ParallelConfig parallel{.tp = tp, .cp = cp, .ep = ep, .pp = pp};
          if (gpus % parallel.replica_gpus() != 0) continue;
          parallel.dp = gpus / parallel.replica_gpus();
          candidates.push_back({parallel, broken_rules(rules, parallel, model)});
        }
      }
    }
  }
  return candidates;
}

std::vector<ParallelConfig> allowed_configs(std::int64_t gpus, const PlanRules& rules,
                                            const ModelSpec& model) {
  std::vector<ParallelConfig> configs;
  for (const Candidate& candidate : enumerate(gpus, rules, model)) {
    if (candidate.allowed()) configs.push_back(candidate.parallel);
  }
  return configs;
}

PlanRules default_rules(const ModelSpec& model, const HardwareSpec& gpu, const Precision& precision,
                        const MemoryBudget& budget) {
  PlanRules rules;
  rules.max_ep = model.moe ? model.moe->experts : 1;
  rules.min_replica_gpus =
      min_gpus({.weights = model_weights(model, precision),
                .memory_per_gpu = budget.nominal_memory ? gpu.memory : visible_memory(gpu),
                .usable_fraction = budget.usable_fraction,
                .reserve_per_gpu = budget.runtime_reserve});
  return rules;
}

std::vector<RuleText> describe(const PlanRules& rules, const std::vector<Candidate>& candidates) {
  const bool powers = rules.degrees == Degrees::powers_of_two;
  std::vector<RuleText> texts = {
      {"degrees", powers ? "powers of two" : "divisors",
       "TP, CP, EP and PP; the blog's configurations are powers of two"},
      {"max-ep", shown(rules.max_ep),
       "EP is limited by the number of experts (NVIDIA blog, June 2024)"},
      {"min-replica-gpus", std::to_string(rules.min_replica_gpus),
       "a replica must hold the weights (NVIDIA blog, June 2024: at least five GPUs)"},
      {"max-tp", shown(rules.max_tp), "cap on tensor parallelism"},
      {"max-cp", shown(rules.max_cp), "cap on context parallelism"},
      {"max-pp", shown(rules.max_pp), "cap on pipeline stages"},
      {"max-dp", shown(rules.max_dp), "cap on replicas"},
      {"max-tp-ep", shown(rules.max_tp_ep), "engines that cut EP groups out of the TP group"},
      {"pp-divides-layers", rules.pp_divides_layers ? "on" : "off", "even pipeline stages"},
      {"tp-divides-heads", rules.tp_divides_heads ? "on" : "off", "even attention shards"},
      {"context-parallel", rules.context_parallel ? "on" : "off", "CP above 1 is tried"},
  };
  for (RuleText& rule : texts) rule.broken_by = count_broken(candidates, rule.name);
  return texts;
}

}  // namespace inferbench

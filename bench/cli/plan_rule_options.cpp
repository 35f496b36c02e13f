#include "bench/cli/plan_rule_options.hpp"

#include <CLI/CLI.hpp>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

void apply(const char* option, const std::optional<std::int64_t>& given,
           std::optional<std::int64_t>& cap) {
  if (!given) return;
  if (*given < 0) {
    throw Error(option, std::to_string(*given), "expected an integer >= 0", "0 is no cap");
  }
  cap = *given == 0 ? std::nullopt : given;
}

}  // namespace

PlanRules RuleOptions::rules(const ModelSpec& model, const HardwareSpec& gpu,
                             const Precision& precision, const MemoryBudget& budget) const {
  PlanRules rules = no_rules ? PlanRules{} : default_rules(model, gpu, precision, budget);
  apply("--max-tp", max_tp, rules.max_tp);
  apply("--max-cp", max_cp, rules.max_cp);
  apply("--max-ep", max_ep, rules.max_ep);
  apply("--max-pp", max_pp, rules.max_pp);
  apply("--max-dp", max_dp, rules.max_dp);
  apply("--max-tp-ep", max_tp_ep, rules.max_tp_ep);
  if (min_replica_gpus) {
    if (*min_replica_gpus < 1) {
      throw Error("--min-replica-gpus", std::to_string(*min_replica_gpus),
                  "expected an integer >= 1");
    }
    rules.min_replica_gpus = *min_replica_gpus;
  }
  rules.pp_divides_layers = pp_divides_layers;
  rules.tp_divides_heads = tp_divides_heads;
  rules.context_parallel = context_parallel;
  rules.degrees = divisors ? Degrees::divisors : Degrees::powers_of_two;
  return rules;
}

void add_rule_options(CLI::App& verb, RuleOptions& options) {
  const char* group = "Rules (what is worth looking at)";
  const auto add = [&](const char* name, std::optional<std::int64_t>& value, const char* what) {
    verb.add_option(name, value, what)->group(group);
  };
  add("--max-ep", options.max_ep, "cap on EP; 0 is none (default: the number of experts)");
  add("--min-replica-gpus", options.min_replica_gpus,
      "fewest GPUs of a replica (default: as many as hold the weights)");
  add("--max-tp", options.max_tp, "cap on TP");
  add("--max-cp", options.max_cp, "cap on CP, with --context-parallel");
  add("--max-pp", options.max_pp, "cap on PP");
  add("--max-dp", options.max_dp, "cap on DP");
  add("--max-tp-ep", options.max_tp_ep, "cap on TP x EP, for engines that cut EP out of TP");
  const auto flag = [&](const char* name, bool& value, const char* what) {
    verb.add_flag(name, value, what)->group(group);
  };
  flag("--pp-divides-layers", options.pp_divides_layers, "only even pipeline stages");
  flag("--tp-divides-heads", options.tp_divides_heads, "only even attention shards");
  flag("--context-parallel", options.context_parallel, "try CP above 1");
  flag("--divisors", options.divisors, "try all divisors of --gpus, not powers of two alone");
  flag("--no-rules", options.no_rules, "no default rule: every factorisation");
}

}  // namespace inferbench

// The "73 configurations" puzzle of NVIDIA's blog on trillion-parameter inference (June 2024):
// counts of every rule set, for powers of two with TP x EP x PP x DP = 64.

#include "harness/plan/enumerate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/plan/chunk_grid.hpp"

namespace inferbench {
namespace {

ModelSpec gpt_moe() {
  return find_model("gpt-moe-1.8t");
}

std::size_t count(const PlanRules& rules, const ModelSpec& model = gpt_moe()) {
  return allowed_configs(64, rules, model).size();
}

// What the blog states: EP up to 16 experts, at least five GPUs a replica.
PlanRules stated() {
  PlanRules rules;
  rules.max_ep = 16;
  rules.min_replica_gpus = 5;
  return rules;
}

PlanRules stated_without_ep_cap() {
  PlanRules rules;
  rules.min_replica_gpus = 5;
  return rules;
}

TEST(Enumerate, CountsOfTheRuleSets) {
  EXPECT_EQ(count({}), 84U);
  PlanRules rules;
  rules.max_ep = 16;
  EXPECT_EQ(count(rules), 80U);
  rules.min_replica_gpus = 4;
  EXPECT_EQ(count(rules), 76U);
  EXPECT_EQ(count(stated_without_ep_cap()), 74U);
  EXPECT_EQ(count(stated()), 70U);
}

TEST(Enumerate, TheSeventyByReplicas) {
  std::map<std::int64_t, int> by_dp;
  for (const ParallelConfig& config : allowed_configs(64, stated(), gpt_moe())) ++by_dp[config.dp];
  EXPECT_EQ(by_dp, (std::map<std::int64_t, int>{{1, 25}, {2, 20}, {4, 15}, {8, 10}}));
}

// The blog says 73: the same rules with EP groups twice the expert count, or no EP cap and one
// extreme dropped.
TEST(Enumerate, DeviationsThatGive73) {
  PlanRules wider = stated();
  wider.max_ep = 32;
  EXPECT_EQ(count(wider), 73U);
  PlanRules no_ep64 = stated_without_ep_cap();
  no_ep64.max_ep = 32;
  EXPECT_EQ(count(no_ep64), 73U);
  PlanRules no_pp64 = stated_without_ep_cap();
  no_pp64.max_pp = 32;
  EXPECT_EQ(count(no_pp64), 73U);
  PlanRules no_tp64 = stated_without_ep_cap();
  no_tp64.max_tp = 32;
  EXPECT_EQ(count(no_tp64), 73U);
}

TEST(Enumerate, WiderEpAddsThreeConfigurations) {
  const auto narrow = allowed_configs(64, stated(), gpt_moe());
  PlanRules rules = stated();
  rules.max_ep = 32;
  std::set<std::string> added;
  for (const ParallelConfig& config : allowed_configs(64, rules, gpt_moe())) {
    if (std::find(narrow.begin(), narrow.end(), config) == narrow.end())
      added.insert(label(config));
  }
  EXPECT_EQ(added, (std::set<std::string>{"EP32DP2", "EP32PP2", "TP2EP32"}));
}

TEST(Enumerate, EvenStagesByLayerCount) {
  PlanRules rules = stated();
  rules.pp_divides_layers = true;
  const std::map<std::int64_t, std::size_t> expected = {{120, 60}, {80, 66},  {96, 69},
                                                        {112, 66}, {118, 36}, {128, 70}};
  for (const auto& [layers, configs] : expected) {
    ModelSpec model = gpt_moe();
    model.layers = layers;
    EXPECT_EQ(count(rules, model), configs) << layers << " layers";
  }
}

TEST(Enumerate, EvenHeadsByHeadCount) {
  PlanRules rules = stated();
  rules.tp_divides_heads = true;
  const std::map<std::int64_t, std::size_t> expected = {{120, 60}, {96, 69}, {128, 70}};
  for (const auto& [heads, configs] : expected) {
    ModelSpec model = gpt_moe();
    model.heads = heads;
    EXPECT_EQ(count(rules, model), configs) << heads << " heads";
  }
}

TEST(Enumerate, EpAsASliceOfTp) {
  PlanRules rules = stated();
  rules.max_tp_ep = 16;
  EXPECT_EQ(count(rules), 55U);
}

TEST(Enumerate, H100InFp8NeedsReplicasOf32) {
  PlanRules rules = stated();
  rules.min_replica_gpus = 26;
  EXPECT_EQ(count(rules), 45U);
}

// The default rules are the stated ones: experts cap EP, memory sets the smallest replica.
TEST(Enumerate, DefaultRulesGive70And45) {
  const ModelSpec model = gpt_moe();
  const auto defaults = [&](const char* gpu_name, const char* precision) {
    const HardwareSpec gpu = find_gpu(gpu_name);
    return count(default_rules(model, gpu, parse_precision(precision)));
  };
  EXPECT_EQ(defaults("gb200-nvl72", "fp4"), 70U);
  EXPECT_EQ(defaults("gb200-nvl72", "nvfp4"), 70U);
  EXPECT_EQ(defaults("b200", "nvfp4"), 70U);
  EXPECT_EQ(defaults("h100", "fp8"), 45U);
}

TEST(Enumerate, TwoOfTheSeventyUseExpertsAndReplicasAlone) {
  std::set<std::string> labels;
  for (const ParallelConfig& config : allowed_configs(64, stated(), gpt_moe())) {
    if (config.tp == 1 && config.pp == 1) labels.insert(label(config));
  }
  EXPECT_EQ(labels, (std::set<std::string>{"EP8DP8", "EP16DP4"}));
}

// 73 x 37 = 2,701, the blog's "more than 2,700 combinations".
TEST(Enumerate, SeventyThreeTimesThirtySeven) {
  PlanRules rules = stated();
  rules.max_ep = 32;
  EXPECT_EQ(count(rules) * chunk_sizes().size(), 2701U);
  EXPECT_EQ(count(stated()) * chunk_sizes().size(), 2590U);
}

TEST(Enumerate, ADenseModelHasNoExpertParallelism) {
  const ModelSpec model = find_model("llama-3-8b");
  const PlanRules rules = default_rules(model, find_gpu("h100"), parse_precision("bf16"));
  for (const ParallelConfig& config : allowed_configs(8, rules, model)) EXPECT_EQ(config.ep, 1);
  EXPECT_EQ(allowed_configs(8, rules, model).size(), 10U);  // TP x PP x DP = 8
}

// Every ordered factorisation once: for 12 = 2^2 * 3 into four factors, C(5,3) * C(4,3) = 40.
TEST(Enumerate, DivisorsCoverEveryFactorisation) {
  PlanRules rules;
  rules.degrees = Degrees::divisors;
  EXPECT_EQ(allowed_configs(12, rules, gpt_moe()).size(), 40U);
  rules.context_parallel = true;  // five factors: C(6,4) * C(5,4) = 75
  EXPECT_EQ(allowed_configs(12, rules, gpt_moe()).size(), 75U);
}

TEST(Enumerate, EveryCandidateUsesAllGpusOnce) {
  for (const std::int64_t gpus : {1, 6, 48, 64, 72, 100, 1024}) {
    PlanRules rules;
    rules.context_parallel = true;
    std::set<ParallelConfig> seen;
    for (const Candidate& candidate : enumerate(gpus, rules, gpt_moe())) {
      EXPECT_EQ(candidate.parallel.gpus(), gpus);
      EXPECT_TRUE(seen.insert(candidate.parallel).second) << label(candidate.parallel);
    }
  }
}

TEST(Enumerate, ARuledOutConfigurationNamesEveryRuleItBreaks) {
  const auto candidates = enumerate(64, stated(), gpt_moe());
  const auto find = [&](const char* name) {
    return std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
      return label(candidate.parallel) == name;
    });
  };
  EXPECT_EQ(find("EP64")->broken, std::vector<std::string>{"max-ep: EP64 is above 16"});
  EXPECT_EQ(find("TP2DP32")->broken,
            std::vector<std::string>{"min-replica-gpus: a replica of 2 is below 5"});
  EXPECT_TRUE(find("TP2EP16PP2")->allowed());
}

TEST(Enumerate, DescribesWhatEachRuleKeepsOut) {
  const auto texts = describe(stated(), enumerate(64, stated(), gpt_moe()));
  const auto find = [&](const char* name) {
    return *std::find_if(texts.begin(), texts.end(),
                         [&](const RuleText& text) { return text.name == name; });
  };
  EXPECT_EQ(find("max-ep").value, "16");
  EXPECT_EQ(find("max-ep").broken_by, 4);
  EXPECT_EQ(find("min-replica-gpus").broken_by, 10);
  EXPECT_EQ(find("max-tp").value, "off");
}

TEST(Enumerate, GpuCountsThatCannotBeAreRefused) {
  EXPECT_THROW(enumerate(0, {}, gpt_moe()), Error);
  EXPECT_THROW(enumerate(-8, {}, gpt_moe()), Error);
  EXPECT_THROW(enumerate(1 << 21, {}, gpt_moe()), Error);
}

}  // namespace
}  // namespace inferbench

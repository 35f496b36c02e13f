#include "harness/cost/expert_routing.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.hpp"
#include "harness/cost/expert_skew.hpp"
#include "kernels/shapes/moe.hpp"
#include "tests/unit/cost/steps.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kClasses = ExpertDraws::kClasses, kDraws = ExpertDraws::kDraws;

template <class Value>
double mean_over_courses(const ExpertDraws& draws, double tokens, double squares, Value&& value) {
  double sum = 0;
  for (std::size_t c = 0; c < kClasses; ++c) {
    for (std::size_t d = 0; d < kDraws; ++d) sum += value(draws.hot(c, d, tokens, squares));
  }
  return sum / static_cast<double>(kClasses * kDraws);
}

double rows(const ExpertDraws& draws, double tokens, double squares) {
  return mean_over_courses(draws, tokens, squares,
                           [](const HotRanks& hot) { return hot.by_rows.rows; });
}

CostProfile routed(const std::string& text) {
  CostProfile p = profile();
  std::get<OpsParameters>(p.parameters).routing = parse_expert_routing(text, "--routing");
  return p;
}

TEST(ExpertRouting, ReadsWhatItPrintsAndRefusesOthers) {
  for (const char* text :
       {"balanced", "power:1.2", "balanced,correlated:0.3", "power:0.6,correlated:1,seed=9"}) {
    EXPECT_EQ(label(parse_expert_routing(text, "x")), text);
  }
  for (const char* bad :
       {"", "power", "power:0", "correlated:1.5", "skewed", "seed=-1", "balanced=2"}) {
    EXPECT_THROW(parse_expert_routing(bad, "--routing"), Error) << bad;
  }
}

// One token puts its two copies on two different experts; with every expert chosen by every token
// nothing is left to chance: eight experts on four ranks get 2 rows of each token.
TEST(ExpertDraws, WhereChanceHasNoSayCountsAreExact) {
  const ExpertDraws pair(8, 2, 1, {});
  EXPECT_EQ(pair.hot(0, 0, 1, 1).by_rows.rows, 2);
  EXPECT_EQ(pair.hot(0, 0, 1, 1).by_rows.distinct, 2);
  const ExpertDraws all(8, 8, 4, {.exponent = 1.2});
  for (const double tokens : {1.0, 5.0, 300.0, 5000.0}) {
    EXPECT_NEAR(rows(all, tokens, tokens), 2 * tokens, 1e-6 * tokens);
    EXPECT_EQ(all.hot(3, 1, tokens, tokens).by_distinct.distinct, 2);
  }
}

// Balanced: one rank holds all, and distinct experts follow E (1 - (1 - k/E)^t) on average. Of
// several ranks the hottest lies above the mean by what chance gives: with 16 ranks of 4,096 tokens
// x 8 copies the mean is 2,048 and the largest of 16 some 1.77 standard deviations of 44 above.
TEST(ExpertDraws, BalancedDrawsFollowExpectationAndChance) {
  const ExpertDraws one(64, 4, 1, {});
  for (const double tokens : {1.0, 8.0, 20.0, 64.0}) {
    const double distinct = mean_over_courses(
        one, tokens, tokens, [](const HotRanks& hot) { return hot.by_distinct.distinct; });
    EXPECT_NEAR(distinct, expected_distinct_experts(64, 4, tokens), 1.5) << tokens;
    EXPECT_NEAR(rows(one, tokens, tokens), 4 * tokens, 1e-9);
  }
  const ExpertDraws many(256, 8, 16, {});
  EXPECT_NEAR(rows(many, 4096, 4096), 2048 + 1.77 * 44, 25);
  // Beyond what is counted chance evens out.
  EXPECT_LT(rows(many, 65536, 65536) / (65536 * 0.5), rows(many, 4096, 4096) / 2048);
  EXPECT_GT(rows(many, 65536, 65536), 32768);
}

// A power law heats the hottest rank about as HottestRank expects. Successive sampling is flatter
// than proportional visits, so it lies somewhat below.
TEST(ExpertDraws, PowerLawsHeatTheHottestRank) {
  const ExpertDraws draws(256, 8, 32, {.exponent = 1.2});
  const HottestRank expected(256, 8, 32, {.exponent = 1.2});
  const double share = rows(draws, 4096, 4096) / (4096 * 8);
  EXPECT_GT(share, 0.6 * expected.share());
  EXPECT_LT(share, 1.2 * expected.share());
  EXPECT_GT(share, 2.0 / 32);
}

// Tokens that agree entirely choose as one: 512 tokens of one request load an expert with 512 rows.
TEST(ExpertDraws, CorrelatedTokensOfARequestGoTheSameWay) {
  const ExpertDraws draws(64, 1, 64, {.correlation = 1});
  EXPECT_NEAR(rows(draws, 512, 512.0 * 512.0), 512, 1e-9);
  // 512 decodes are 512 requests: as without correlation.
  const ExpertDraws free(64, 1, 64, {});
  EXPECT_EQ(rows(draws, 512, 512), rows(free, 512, 512));
  const ExpertDraws half(64, 1, 64, {.correlation = 0.3});
  const double between = rows(half, 512, 512.0 * 512.0);
  EXPECT_GT(between, rows(free, 512, 512));
  EXPECT_LT(between, 512);
}

TEST(RoutedStep, EqualStepsTakeEqualTimeAndSeedsDiffer) {
  const Deployment d = deployed("deepseek-v3", "h200", "ep8");
  const StepCostModel a(d, routed("power:1.01,seed=1")), b(d, routed("power:1.01,seed=1"));
  const StepCostModel other(d, routed("power:1.01,seed=2"));
  int unlike = 0;
  std::vector<BatchItem> items;
  for (std::uint16_t rank = 0; rank < 8; ++rank) items.push_back(decode(500 + rank, rank));
  for (int step = 0; step < 20; ++step) {
    for (BatchItem& item : items) item.context += Tokens(1);
    const Duration stage = a.step(plan(items)).stage;
    EXPECT_EQ(stage, b.step(plan(items)).stage);
    EXPECT_EQ(stage, a.step(plan(items)).stage);
    unlike += stage != other.step(plan(items)).stage ? 1 : 0;
  }
  EXPECT_GT(unlike, 10);
}

// What a stride foretells is what step by step would give, routing drawn or not.
TEST(RoutedStep, StridesForetellTheDraws) {
  const StepCostModel model(deployed("mixtral-8x7b", "h100", "tp2ep4"), routed("power:1.2"));
  std::vector<BatchItem> items;
  for (std::uint16_t rank = 0; rank < 4; ++rank) {
    for (int i = 0; i < 5; ++i) items.push_back(decode(100 * i + rank, rank));
  }
  std::vector<StepTiming> told;
  model.foretell(plan(items), 30, Duration::max(), told);
  ASSERT_EQ(told.size(), 30U);
  for (const StepTiming& timing : told) {
    for (BatchItem& item : items) item.context += Tokens(1);
    EXPECT_EQ(timing.elapsed, model.step(plan(items)).elapsed);
  }
}

TEST(RoutedStep, TheExplanationAddsUp) {
  for (const char* text : {"balanced", "power:1.2,correlated:0.4"}) {
    const StepCostModel model(deployed("deepseek-v3", "h200", "tp2ep8pp2"), routed(text));
    const BatchPlan batch = plan({decode(900), decode(4000, 3), prefill(300, 700, 5)});
    const StepExplanation e = model.explain(batch);
    EXPECT_EQ(e.timing.stage, model.step(batch).stage);
    double sum = 0;
    for (const OpExplanation& op : e.ops) sum += op.time.count();
    EXPECT_NEAR(sum, seconds(e.timing.stage + e.timing.hidden).count(), 2e-8) << text;
  }
}

TEST(RoutedStep, DenseModelsHaveNothingToRoute) {
  EXPECT_THROW(StepCostModel(deployed("llama-3-8b", "h100", "tp1"), routed("balanced")), Error);
}

}  // namespace
}  // namespace inferbench

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/moe/layer.hpp"
#include "kernels/moe/problem.hpp"
#include "kernels/moe/reference.hpp"
#include "kernels/registry.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace inferbench {
namespace {

using Ints = std::vector<std::int32_t>;

struct Routed {
  Ints experts;
  std::vector<float> weights;
};

// By every instruction set, which agree bit for bit.
Routed routed(const ExpertRouter& router, const std::vector<float>& logits,
              const std::vector<float>& bias = {}) {
  const std::size_t choices = logits.size() / static_cast<std::size_t>(router.experts * 1) *
                              static_cast<std::size_t>(router.top_k);
  ThreadTeam team(2);
  Routed first{Ints(choices), std::vector<float>(choices)};
  moe_route(router, logits, bias, first.experts, first.weights, team, Isa::portable);
  for (const Isa isa : {Isa::avx2, Isa::avx512}) {
    if (!supports(isa).ok) continue;
    Routed again{Ints(choices), std::vector<float>(choices)};
    moe_route(router, logits, bias, again.experts, again.weights, team, isa);
    EXPECT_EQ(first.experts, again.experts);
    EXPECT_EQ(first.weights, again.weights);
  }
  return first;
}

// exp of the logits: 1, 4, 2, 1. Of the best two, 4 / 6 and 2 / 6; of all 8, 4 / 8 and 2 / 8.
TEST(MoeRoute, SoftmaxBeforeOrAfterTheChoice) {
  const std::vector<float> logits = {0, std::log(4.0F), std::log(2.0F), 0};
  ExpertRouter r{.experts = 4, .top_k = 2};
  const Routed after = routed(r, logits);
  EXPECT_EQ(after.experts, (Ints{1, 2}));
  EXPECT_NEAR(after.weights[0], 4.0 / 6, 1e-6);
  EXPECT_NEAR(after.weights[1], 2.0 / 6, 1e-6);
  r.scores = RouterScores::softmax;
  const Routed before = routed(r, logits);
  EXPECT_NEAR(before.weights[0], 4.0 / 8, 1e-6);
  EXPECT_NEAR(before.weights[1], 2.0 / 8, 1e-6);
}

TEST(MoeRoute, OfEqualsTheLowerIndexIsChosen) {
  EXPECT_EQ(routed({.experts = 5, .top_k = 3}, {1, 2, 1, 2, 1}).experts, (Ints{1, 3, 0}));
  EXPECT_EQ(routed({.experts = 4, .top_k = 2}, {7, 7, 7, 7}).experts, (Ints{0, 1}));
}

// Sigmoids of log(1), log(3), log(4), log(9): 0.5, 0.75, 0.8, 0.9. The bias lifts expert 0 above
// the others, but its weight is that of its score: 0.5 of 1.4, times 2.
TEST(MoeRoute, TheBiasChoosesAndTheScoreWeighs) {
  const ExpertRouter r{.experts = 4, .top_k = 2, .scores = RouterScores::sigmoid, .scale = 2};
  const Routed chosen =
      routed(r, {0, std::log(3.0F), std::log(4.0F), std::log(9.0F)}, {0.45F, 0, 0, 0});
  EXPECT_EQ(chosen.experts, (Ints{0, 3}));
  EXPECT_NEAR(chosen.weights[0], 2 * 0.5 / 1.4, 1e-6);
  EXPECT_NEAR(chosen.weights[1], 2 * 0.9 / 1.4, 1e-6);
}

// Groups (0.9, 0.1), (0.6, 0.6), (0.5, 0.75): sums of two 1.0, 1.2, 1.25. With two groups the best
// expert of all, 0, takes no part.
TEST(MoeRoute, OnlyExpertsOfTheBestGroupsTakePart) {
  const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  const std::vector<float> logits = {logit(0.9), logit(0.1), logit(0.6),
                                     logit(0.6), logit(0.5), logit(0.75)};
  ExpertRouter r{.experts = 6, .top_k = 2, .scores = RouterScores::sigmoid, .groups = 3};
  r.top_groups = 2;
  EXPECT_EQ(routed(r, logits).experts, (Ints{5, 2}));
  r.top_groups = 3;
  EXPECT_EQ(routed(r, logits).experts, (Ints{0, 5}));
}

// Weights of no usable sum: of logits minus infinity, and of sigmoids so small that a thread which
// flushes denormal numbers has 0 / 0.
TEST(MoeRoute, ChosenWithoutASumHaveEqualWeights) {
  ExpertRouter r{.experts = 4, .top_k = 2, .scale = 3};
  for (const RouterScores scores :
       {RouterScores::softmax, RouterScores::softmax_top_k, RouterScores::sigmoid}) {
    r.scores = scores;
    const Routed chosen = routed(r, std::vector<float>(4, -HUGE_VALF));
    EXPECT_EQ(chosen.experts, (Ints{0, 1}));
    EXPECT_EQ(chosen.weights, (std::vector<float>{1.5F, 1.5F}));
  }
#if defined(__x86_64__)
  constexpr unsigned kFlushDenormals = 0x8040;
  const unsigned mode = _mm_getcsr();
  Routed flushed{Ints(2), std::vector<float>(2)};
  ThreadTeam one(1);  // this thread
  _mm_setcsr(mode | kFlushDenormals);
  moe_route(r, std::vector<float>(4, -1000), {}, flushed.experts, flushed.weights, one);
  _mm_setcsr(mode);
  EXPECT_EQ(flushed.experts, (Ints{0, 1}));
  EXPECT_EQ(flushed.weights, (std::vector<float>{1.5F, 1.5F}));
#endif
}

TEST(MoeRoute, RoutersThatAreNoneAreErrors) {
  for (const ExpertRouter& r :
       {ExpertRouter{.experts = 4, .top_k = 5}, ExpertRouter{.experts = 0, .top_k = 1},
        ExpertRouter{.experts = 6, .top_k = 1, .scores = RouterScores::sigmoid, .groups = 4},
        ExpertRouter{.experts = 8, .top_k = 3, .scores = RouterScores::sigmoid, .groups = 4},
        ExpertRouter{.experts = 8, .top_k = 1, .groups = 2}}) {
    EXPECT_THROW(check_router(r), Error);
  }
}

// Tokens choose (2, 0), (2, 1), (0, 2): expert 0 has choices 1 and 4, 1 has 3, 2 has 0, 2, 5.
TEST(MoePermute, RowsLieByExpertThenToken) {
  ExpertRows rows;
  order_by_expert(Ints{2, 0, 2, 1, 0, 2}, 2, 0, 3, rows);
  EXPECT_EQ(rows.offsets, (std::vector<std::int64_t>{0, 2, 3, 6}));
  EXPECT_EQ(rows.choice, (Ints{1, 4, 3, 0, 2, 5}));
  EXPECT_EQ(rows.row, (Ints{3, 0, 4, 2, 1, 5}));
  ThreadTeam team(1);
  std::vector<float> gathered(6);
  moe_gather(std::vector<float>{10, 20, 30}, rows, gathered, team);
  EXPECT_EQ(gathered, (std::vector<float>{10, 30, 20, 10, 20, 30}));
}

// A rank with experts 1 and 2 alone: token 0 has one row here, token 2 too.
TEST(MoePermute, ARankHasTheRowsOfItsExperts) {
  ExpertRows rows;
  order_by_expert(Ints{2, 0, 3, 0, 0, 1}, 2, 1, 2, rows);
  EXPECT_EQ(rows.offsets, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(rows.choice, (Ints{5, 0}));
  EXPECT_EQ(rows.row, (Ints{1, -1, -1, -1, -1, 0}));
  EXPECT_EQ(rows.tokens_here(), 2);
  EXPECT_EQ(rows.active(), 2);
  ThreadTeam team(1);
  std::vector<float> out(3, -1);
  // Token 0: 0.5 * 8; token 1: nothing; token 2: 0.25 * 4.
  moe_combine(std::vector<float>{4, 8}, std::vector<float>{0.5F, 0.5F, 1, 1, 0.75F, 0.25F}, rows,
              out, team);
  EXPECT_EQ(out, (std::vector<float>{4, 0, 1}));
}

TEST(MoePermute, ATokenChoosesAnExpertOnce) {
  ExpertRows rows;
  EXPECT_THROW(order_by_expert(Ints{2, 0, 1, 1}, 2, 0, 3, rows), std::logic_error);
  EXPECT_THROW(order_by_expert(Ints{4, 5, 4, 6, 7, 8}, 3, 4, 1, rows), std::logic_error);
  order_by_expert(Ints{2, 0, 2, 1}, 2, 0, 3, rows);  // two tokens may choose the same
  EXPECT_EQ(rows.rows_of(2), 2);
}

TEST(MoePermute, GatherThenCombineWithWeightsOfOneHalfIsTheIdentity) {
  RandomStream random = Random(4).stream("x");
  Ints experts;
  for (int t = 0; t < 50; ++t) {
    const auto e = static_cast<std::int32_t>(random.below(7));
    experts.push_back(e),
        experts.push_back((e + 1 + static_cast<std::int32_t>(random.below(6))) % 7);
  }
  std::vector<float> x(50 * 9), gathered(100 * 9), back(50 * 9);
  for (float& v : x) v = static_cast<float>(random.normal(0, 1));
  ExpertRows rows;
  order_by_expert(experts, 2, 0, 7, rows);
  ThreadTeam team(2);
  moe_gather(x, rows, gathered, team);
  moe_combine(gathered, std::vector<float>(100, 0.5F), rows, back, team);
  EXPECT_EQ(back, x);
}

void agrees(const KernelCase& c) {
  const auto problem = kernel_op(c.op).problem(c);
  const Oracle oracle = problem->oracle(4096);
  for (const Implementation* i : implementations_of(c.op)) {
    if (!supports(*i, c).ok) continue;
    const Check checked = check(*i->bind(*problem, 2), oracle);
    EXPECT_TRUE(checked.pass) << c.op << " " << i->name << " " << c.format << " fill "
                              << static_cast<int>(c.fill) << ": " << checked.reason;
  }
}

TEST(Moe, EveryRouterAgreesWithTheOracle) {
  for (const char* format : {"softmax", "softmax_top_k", "sigmoid", "sigmoid_grouped"}) {
    for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
      agrees(make_case("moe_route", format, {{"tokens", 37}}, 5, fill));
      agrees(
          make_case("moe_route", format, {{"tokens", 5}, {"experts", 16}, {"top_k", 1}}, 5, fill));
    }
  }
}

TEST(Moe, EveryStepAgreesWithTheOracle) {
  for (const std::int64_t skew : {0, 1200}) {
    for (const std::int64_t ep : {1, 3}) {
      const std::map<std::string, std::int64_t> routing = {
          {"tokens", 29}, {"experts", 8}, {"top_k", 3}, {"skew_permille", skew}, {"ep", ep}};
      for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
        for (const char* op : {"moe_permute", "moe_combine"}) {
          auto axes = routing;
          axes["hidden"] = 133;
          agrees(make_case(op, "", axes, 3, fill));
        }
      }
      for (const char* format : {"fp32", "bf16", "w4a16-g128"}) {
        auto axes = routing;
        axes["n"] = 70, axes["k"] = 256;
        agrees(make_case("moe_gemm", format, axes, 3));
        agrees(make_case("moe_gemm", format, axes, 3, Fill::outliers));
      }
    }
  }
}

TEST(Moe, ALayerAgreesWithTheOracle) {
  for (const char* format : {"fp32", "bf16", "w4a16-g128"}) {
    for (const std::int64_t skew : {0, 1200}) {
      for (const std::int64_t ep : {1, 2}) {
        agrees(make_case("moe_layer", format,
                         {{"tokens", 11},
                          {"experts", 5},
                          {"top_k", 2},
                          {"hidden", 128},
                          {"inter", 72},
                          {"skew_permille", skew},
                          {"ep", ep}},
                         7, Fill::outliers));
      }
    }
  }
}

// More rows than are computed together, so that an expert's rows come in parts.
TEST(Moe, FusedAndUnfusedLayersAgreeBitForBit) {
  const KernelCase c = make_case("moe_layer", "fp32",
                                 {{"tokens", 400},
                                  {"experts", 3},
                                  {"top_k", 2},
                                  {"hidden", 48},
                                  {"inter", 32},
                                  {"skew_permille", 1200}});
  const auto problem = kernel_op("moe_layer").problem(c);
  for (const char* name : {"avx512", "avx2"}) {
    const Implementation& fused = implementation("moe_layer", name);
    if (!supports(fused, c).ok) continue;
    const auto one = fused.bind(*problem, 1), two = fused.bind(*problem, 2);
    const auto steps =
        implementation("moe_layer", std::string(name) + "_unfused").bind(*problem, 2);
    one->run(), two->run(), steps->run();
    EXPECT_TRUE(std::equal(one->output().begin(), one->output().end(), steps->output().begin()));
    EXPECT_TRUE(std::equal(one->output().begin(), one->output().end(), two->output().begin()));
  }
}

TEST(Moe, RanksTogetherMakeTheLayer) {
  // The hottest of two ranks; the sum over all experts is at least as long a sum. Rows of a rank
  // are at least half of all.
  const MoeRouting all(make_case("moe_permute", "", {{"tokens", 100}, {"ep", 1}}));
  const MoeRouting half(make_case("moe_permute", "", {{"tokens", 100}, {"ep", 2}}));
  EXPECT_EQ(all.rows.rows(), 200);
  EXPECT_EQ(all.experts, half.experts);
  EXPECT_GE(half.rows.rows(), 100);
  EXPECT_EQ(half.count, 4);
}

// Skew gathers rows on few experts.
TEST(Moe, SkewMakesTheHottestRankHotter) {
  const auto hottest = [](std::int64_t skew) {
    return MoeRouting(make_case("moe_permute", "",
                                {{"tokens", 2000},
                                 {"experts", 64},
                                 {"top_k", 4},
                                 {"ep", 8},
                                 {"skew_permille", skew}}))
        .rows.rows();
  };
  EXPECT_LT(hottest(0), 1100);  // 1,000 when even
  EXPECT_GT(hottest(1200), 1500);
}

// 4 tokens, 2 experts each, 8 rows on 3 active experts of 10 x 6 (gate, up and down: 180 elements)
// in 2 bytes.
TEST(Moe, BytesOfALayerByHand) {
  const MoeShape s{.tokens = 4,
                   .tokens_here = 4,
                   .experts = 5,
                   .top_k = 2,
                   .rows = 8,
                   .active = 3,
                   .hidden = 10,
                   .inter = 6,
                   .weight_bytes = 2};
  EXPECT_EQ(route_work(s).bytes().count(), 4 * 5 * 4 + 8 * 8.0);
  // 40 elements in and out, 8 weights of choices.
  EXPECT_EQ(moe_layer_work(s).bytes().count(), 3 * 180 * 2 + 40 * 4 + 40 * 4 + 8 * 4.0);
  // Written and read between steps: 80 gathered, 96 gate and up, 48 activated, 80 results.
  EXPECT_EQ(moe_layer_unfused_work(s).bytes().count() - moe_layer_work(s).bytes().count(),
            2 * (80 + 96 + 48 + 80) * 4.0);
  EXPECT_EQ(moe_layer_work(s).flops.count(), 2 * 8 * 180 + 4 * 48 + 2 * 80.0);
  EXPECT_EQ(moe_layer_work(s).flops.count(), moe_layer_unfused_work(s).flops.count());
}

// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), the same bits on every instruction set.
TEST(Moe, GeluIsItsFormula) {
  std::vector<float> in, first(203);
  for (int i = 0; i < 203; ++i) in.push_back(static_cast<float>(i - 101) / 10.0F);
  ThreadTeam team(2);
  moe_gelu(in, 29, first, team, Isa::portable);
  for (std::size_t i = 0; i < in.size(); ++i) {
    const double x = in[i], u = 0.7978845608028654 * (x + 0.044715 * x * x * x);
    EXPECT_NEAR(first[i], x / 2 * (1 + std::tanh(u)), 2e-6 * std::max(1.0, std::abs(x))) << x;
  }
  for (const Isa isa : {Isa::avx2, Isa::avx512}) {
    if (!supports(isa).ok) continue;
    std::vector<float> again(in.size());
    moe_gelu(in, 29, again, team, isa);
    EXPECT_EQ(first, again);
  }
}

TEST(Moe, AxesThatDoNotFitAreErrors) {
  EXPECT_THROW(MoeRouting(make_case("moe_permute", "", {{"top_k", 9}})), Error);
  EXPECT_THROW(MoeRouting(make_case("moe_permute", "", {{"ep", 9}})), Error);
}

}  // namespace
}  // namespace inferbench

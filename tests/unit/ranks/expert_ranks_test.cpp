#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/execute/ranks/process_ranks.hpp"
#include "harness/execute/transformer/expert_exchange.hpp"
#include "ranked_support.hpp"
#include "tiny_system.hpp"

namespace inferbench {
namespace {

// Three texts of 25, 1 and 12 tokens in one step, each on the attention rank that `homes` says.
struct Texts {
  std::vector<float> logits(StepModel& model, const std::vector<std::uint16_t>& homes) const {
    std::vector<Piece> pieces;
    for (std::size_t t = 0; t < texts.size(); ++t) {
      pieces.push_back({.tokens = texts[t],
                        .context = 0,
                        .blocks = blocks[t],
                        .attention_rank = homes.empty() ? std::uint16_t{0} : homes[t]});
    }
    return step(model, pieces);
  }

  // On ranks made for this.
  std::vector<float> logits(const ModelPlan& plan, const ParallelConfig& parallel,
                            const std::vector<std::uint16_t>& homes) const {
    Ranked ranked(plan, parallel);
    return logits(ranked.model, homes);
  }

  std::vector<std::vector<std::int32_t>> texts = {random_text(25, 1), random_text(1, 2),
                                                  random_text(12, 3)};
  std::vector<std::vector<std::int32_t>> blocks = {{5, 3}, {8}, {1}};
};

std::int64_t visits(const Ranked& ranked, const ParallelConfig& parallel) {
  std::int64_t sum = 0;
  for (int rank = 0; rank < parallel.gpus(); rank += static_cast<int>(parallel.tp)) {
    sum += ranked.model.part(rank).decoder().expert_exchange()->visits();
  }
  return sum;
}

ModelSpec heads_instead_of_latents() {
  ModelSpec spec = find_model("tiny-mla-test");
  spec.mla.reset();
  return spec;
}

// Softmax of the chosen; sigmoids in groups with shared experts behind a dense layer, with latent
// attention and without; two matrices with GELU. Eight experts on 2, 3 and 8 ranks. Only the order
// in which a token's experts are added differs.
TEST(ExpertRanks, LogitsAreNearThoseOfOneRank) {
  const Texts texts;
  ModelSpec ungated = heads_instead_of_latents();
  ungated.ffn_matrices = 2;
  for (const ModelSpec& spec : {find_model("tiny-moe-test"), find_model("tiny-mla-test"),
                                heads_instead_of_latents(), ungated}) {
    const ModelPlan plan = plan_of(decoder_shape(spec), "fp32", "fp32");
    Ranked one(plan, 1);
    const auto want = texts.logits(one.model, {});
    EXPECT_LE(furthest(texts.logits(plan, {.ep = 2}, {0, 1, 1}), want), 2e-5F);
    EXPECT_LE(furthest(texts.logits(plan, {.ep = 3}, {2, 1, 0}), want), 2e-5F);
    EXPECT_LE(furthest(texts.logits(plan, {.ep = 8}, {7, 0, 3}), want), 2e-5F);
  }
}

// An expert is whole on its rank, so its weights are rounded as on one.
TEST(ExpertRanks, QuantisedExpertsAreRoundedAsOnOneRank) {
  struct Case {
    const char *weights, *kv;
    float tolerance;
  };
  const Texts texts;
  for (const Case& c :
       {Case{"bf16", "bf16", 0.05F}, Case{"w8a8", "int8", 0.1F},
        Case{"w4a16-g32-zp", "bf16", 0.05F}, Case{"fp8-channel", "fp8_e4m3", 0.3F}}) {
    SCOPED_TRACE(c.weights);
    const ModelPlan plan = plan_of(decoder_shape(find_model("tiny-moe-test")), c.weights, c.kv);
    Ranked one(plan, 1), two(plan, {.ep = 2});
    EXPECT_LE(furthest(texts.logits(two.model, {0, 1, 0}), texts.logits(one.model, {})),
              c.tolerance);
    EXPECT_EQ(two.model.all_reduces(), 0);
  }
}

// All sequences on one of the ranks: the others only compute experts, and nobody waits for ever.
TEST(ExpertRanks, RanksWithoutSequencesComputeTheirExperts) {
  const Texts texts;
  const ModelPlan plan = plan_of(decoder_shape(find_model("tiny-mla-test")), "fp32", "fp32");
  Ranked one(plan, 1);
  const auto want = texts.logits(one.model, {});
  for (const std::uint16_t home : {0, 1, 2}) {
    for (const ParallelConfig& parallel :
         {ParallelConfig{.ep = 3}, ParallelConfig{.ep = 3, .pp = 2}}) {
      Ranked ranked(plan, parallel);
      EXPECT_LE(furthest(texts.logits(ranked.model, {home, home, home}), want), 2e-5F);
    }
  }
}

// Alone on its rank with nothing on the other, and beside two others, in other chunks and blocks.
TEST(ExpertRanks, ATextHasTheSameBitsInAnyCompanyOnAnyRank) {
  const auto a = random_text(30, 4), b = random_text(20, 5);
  const std::vector<std::int32_t> low = {0, 1}, high = {9, 2};
  for (const char* format : {"fp32", "bf16", "w8a8"}) {
    const ModelPlan plan = plan_of(decoder_shape(heads_instead_of_latents()), format, "bf16");
    Ranked alone(plan, {.ep = 2}), mixed(plan, {.ep = 2});
    const auto want = step(alone.model, {{a, 0, low, 0}});
    auto out = step(mixed.model, {{b, 0, high, 0}, {std::span(a).first(11), 0, high, 1}});
    EXPECT_TRUE(same_bits(std::span(out).subspan(20 * 256), std::span(want).first(11 * 256)));
    out = step(mixed.model, {{std::span(a).subspan(11), 11, high, 1}});
    EXPECT_TRUE(same_bits(out, std::span(want).subspan(11 * 256)));
  }
}

TEST(ExpertRanks, StagesChangeNoBitsAndTensorRanksOnlySums) {
  const Texts texts;
  const ModelPlan plan = plan_of(decoder_shape(heads_instead_of_latents()), "fp32", "fp32");
  Ranked two(plan, {.ep = 2});
  const auto want = texts.logits(two.model, {0, 1, 0});
  EXPECT_TRUE(same_bits(texts.logits(plan, {.ep = 2, .pp = 2}, {0, 1, 0}), want));
  Ranked four(plan, {.tp = 2, .ep = 2}), eight(plan, {.tp = 2, .ep = 2, .pp = 2});
  const auto sharded = texts.logits(four.model, {0, 1, 0});
  EXPECT_LE(furthest(sharded, want), 2e-5F);
  EXPECT_TRUE(same_bits(texts.logits(eight.model, {0, 1, 0}), sharded));
  EXPECT_EQ(four.model.all_reduces(), 2 * plan.shape.layers);
}

// With all eight experts chosen a token visits every other rank: 38 tokens, two layers.
TEST(ExpertRanks, BytesAreThoseOfTheFormula) {
  const Texts texts;
  ModelSpec all = find_model("tiny-moe-test");
  all.moe->top_k = 8;
  for (const ModelSpec& spec : {all, find_model("tiny-moe-test"), heads_instead_of_latents()}) {
    const ModelPlan plan = plan_of(decoder_shape(spec), "bf16", "bf16");
    for (const ParallelConfig& parallel :
         {ParallelConfig{.ep = 2}, ParallelConfig{.ep = 4}, ParallelConfig{.tp = 2, .ep = 2},
          ParallelConfig{.ep = 2, .pp = 2}, ParallelConfig{.tp = 2, .ep = 2, .pp = 2}}) {
      SCOPED_TRACE(spec.name + " " + label(parallel));
      Ranked ranked(plan, parallel);
      texts.logits(ranked.model, {0, 1, 1});
      const std::int64_t visited = visits(ranked, parallel);
      if (spec.moe->top_k == 8) {
        EXPECT_EQ(visited, 38 * (parallel.ep - 1) * 2);
      }
      EXPECT_EQ(Bytes(static_cast<double>(ranked.group.wire_bytes())),
                step_wire_bytes(plan.shape, parallel,
                                {.tokens = 38,
                                 .logit_rows = 38,
                                 .distant_rows = 13,
                                 .micro_batches = parallel.pp,
                                 .visits = visited}));
    }
  }
}

// Greedy answers through a scheduler of two attention ranks with pools of their own.
TEST(ExpertRanks, AnswersAreTheTokensOfOneRank) {
  using namespace testing_support;
  using namespace std::chrono_literals;
  const PromptTexts texts(1, 256, Tokens(16));
  const auto asked =
      requests({{0ms, 10, 8}, {0ms, 24, 8}, {0ms, 31, 8}, {0ms, 45, 8}, {9ms, 7, 3}});
  const ModelPlan plan = plan_of(decoder_shape(find_model("tiny-moe-test")), "fp32", "fp32");
  const auto answers = [&](const ParallelConfig& parallel) {
    SchedulerOptions limits = pool_of(kBlocks, 24);
    limits.block_tokens = Tokens(16);
    limits.kv.cache_answers = false;
    limits.attention_ranks = parallel.ep;
    const auto scheduler = make_scheduler("in_flight", limits);
    Ranked ranked(plan, parallel);
    CpuExecutor executor(ranked.model, *scheduler, ranked.group.team(0), texts,
                         {.sampling = sampling_of({}), .count_between = true});
    Answers out = serve(*scheduler, executor, asked).answers;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      EXPECT_EQ(static_cast<std::int64_t>(out[i].size()), asked[i].output.count());
    }
    return out;
  };
  const Answers want = answers({});
  for (const ParallelConfig& parallel :
       {ParallelConfig{.ep = 2}, ParallelConfig{.ep = 4}, ParallelConfig{.tp = 2, .ep = 2},
        ParallelConfig{.ep = 2, .pp = 2}, ParallelConfig{.tp = 2, .ep = 2, .pp = 2}}) {
    EXPECT_EQ(answers(parallel), want) << label(parallel);
  }
}

TEST(ExpertRanks, ProcessesComputeTheBitsOfThreads) {
  const Texts texts;
  const ParallelConfig parallel{.tp = 2, .ep = 2};
  const ModelPlan plan =
      Ranked::with(plan_of(decoder_shape(find_model("tiny-moe-test")), "bf16", "bf16"), parallel);
  ThreadRanks threads(4, 1);
  const auto model = threads.build(plan);
  const auto want = texts.logits(*model, {1, 0, 1});
  ThreadWorld world(4);
  world.run([&](Communicator& comm) {
    ProcessRanks ranks(comm, 1);
    if (!ranks.leads()) return ranks.follow({plan});
    const auto same = ranks.build(plan);
    EXPECT_TRUE(same_bits(texts.logits(*same, {1, 0, 1}), want));
    EXPECT_EQ(ranks.wire_bytes(), threads.wire_bytes());
  });
}

TEST(ExpertRanks, AreAtMostTheExperts) {
  EXPECT_THROW(check_expert_ranks("test", tiny_shape(), 2), Error);
  const DecoderShape shape = decoder_shape(find_model("tiny-moe-test"));
  EXPECT_THROW(check_expert_ranks("test", shape, 9), Error);
  check_expert_ranks("test", shape, 8);
}

}  // namespace
}  // namespace inferbench

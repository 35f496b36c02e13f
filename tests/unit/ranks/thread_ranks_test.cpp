#include "harness/execute/ranks/thread_ranks.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "ranked_support.hpp"
#include "tiny_system.hpp"

namespace inferbench {
namespace {

// 8 heads and 4 KV heads of 32: two ranks have whole groups of 128 of every matrix.
DecoderShape wide_shape() {
  DecoderShape shape = tiny_shape();
  shape.hidden = 256;
  shape.ffn = 512;
  shape.heads = 8;
  shape.kv_heads = 4;
  shape.head_dim = shape.rotary.dim = 32;
  shape.vocab = 259;
  return shape;
}

// Logits of variance near 1. Weights are rounded as in the whole matrix where scales belong to
// groups within a row; where they belong to a row or to more, a shard of the inputs has its own.
TEST(ThreadRanks, ShardedLogitsAreNearTheUnshardedOnesInEveryFormat) {
  struct Case {
    const char *weights, *kv;
    float tolerance;
  };
  const auto text = random_text(40, 1);
  for (const Case& c :
       {Case{"fp32", "fp32", 2e-5F}, Case{"bf16", "bf16", 0.05F}, Case{"fp16", "fp16", 0.01F},
        Case{"w8a16", "bf16", 0.1F}, Case{"w8a8", "int8", 0.2F}, Case{"w4a16-g128", "bf16", 0.05F},
        Case{"w4a16-g32-zp", "bf16", 0.05F}, Case{"w4a8-g128", "int8", 0.2F},
        Case{"fp8-channel", "fp8_e4m3", 0.6F}, Case{"fp8-block128", "bf16", 0.6F},
        Case{"fp8-a16", "bf16", 0.3F}, Case{"mxfp4-a16", "bf16", 0.05F},
        Case{"sparse24-fp32", "fp32", 2e-5F}, Case{"sparse24-bf16", "bf16", 0.05F}}) {
    SCOPED_TRACE(std::string(c.weights) + " " + c.kv);
    const ModelPlan plan = plan_of(wide_shape(), c.weights, c.kv);
    check_shards("test", plan.shape, *plan.format, 2);
    Ranked one(plan, 1), two(plan, 2);
    EXPECT_LE(furthest(plain(two.model, text), plain(one.model, text)), c.tolerance);
  }
}

// Every rank has a share of each expert and chooses by itself, from the same bits.
TEST(ThreadRanks, ExpertsAreShardedByTheirColumns) {
  const auto text = random_text(40, 7);
  ModelSpec shared = find_model("tiny-mla-test");  // sigmoids, a shared expert, a dense layer
  shared.mla.reset();
  ModelSpec ungated = shared;
  ungated.ffn_matrices = 2;
  for (const ModelSpec& spec : {find_model("tiny-moe-test"), shared, ungated}) {
    const ModelPlan plan = plan_of(decoder_shape(spec), "fp32", "fp32");
    Ranked one(plan, 1), two(plan, 2);
    EXPECT_LE(furthest(plain(two.model, text), plain(one.model, text)), 2e-5F);
    EXPECT_EQ(two.model.all_reduces(), 2 * plan.shape.layers);
  }
}

// Latents are computed and cached by every rank, queries and values of heads by one.
TEST(ThreadRanks, LatentAttentionIsShardedByHeads) {
  const auto text = random_text(40, 8);
  ModelSpec plain_queries = find_model("tiny-mla-test");
  plain_queries.mla->q_lora_rank = 0;
  for (const ModelSpec& spec : {find_model("tiny-mla-test"), plain_queries}) {
    const ModelPlan plan = plan_of(decoder_shape(spec), "fp32", "fp32");
    Ranked one(plan, 1);
    for (const int ranks : {2, 4}) {
      check_shards("test", plan.shape, *plan.format, ranks);
      Ranked several(plan, ranks);
      EXPECT_LE(furthest(plain(several.model, text), plain(one.model, text)), 2e-5F);
    }
  }
}

TEST(ThreadRanks, OneRankIsThePlainDecoderBitForBit) {
  const auto text = random_text(30, 2);
  const ModelPlan plan = plan_of(tiny_shape(), "bf16", "bf16");
  ThreadTeam team;
  const DecoderWeights weights(plan.shape, *plan.format, plan.seed, team);
  Decoder decoder(weights, plan.kv, plan.kv_blocks, team);
  Ranked one(plan, 1);
  EXPECT_TRUE(same_bits(plain(one.model, text), plain(decoder, text)));
  EXPECT_EQ(one.model.all_reduces(), 0);
  EXPECT_EQ(one.group.wire_bytes(), 0U);
}

// Sums are by rank, so runs agree, and so do any numbers of threads of each.
TEST(ThreadRanks, LogitsAreTheSameBitsInEveryRunAndOnAnyThreads) {
  const auto text = random_text(35, 3);
  for (const int ranks : {2, 4}) {
    const ModelPlan plan = plan_of(tiny_shape(), "bf16", "bf16");
    Ranked a(plan, ranks), b(plan, ranks, 2);
    const auto first = plain(a.model, text);
    EXPECT_TRUE(same_bits(plain(a.model, text), first));
    EXPECT_TRUE(same_bits(plain(b.model, text), first));
  }
}

// Alone and whole; in chunks of 11 and 19 beside another sequence.
TEST(ThreadRanks, ChunksSideBySideAreThePlainRunBitForBit) {
  const auto a = random_text(30, 4), b = random_text(20, 5);
  for (const char* format : {"fp32", "bf16", "w8a8"}) {
    const ModelPlan plan = plan_of(tiny_shape(), format, "bf16");
    Ranked alone(plan, 2), mixed(plan, 2);
    const auto want = plain(alone.model, a);
    const std::vector<std::int32_t> a_blocks = {9, 2}, b_blocks = {11, 3};
    auto out =
        step(mixed.model, {{std::span(b), 0, b_blocks}, {std::span(a).first(11), 0, a_blocks}});
    EXPECT_TRUE(same_bits(std::span(out).subspan(20 * 256), std::span(want).first(11 * 256)));
    out = step(mixed.model, {{std::span(a).subspan(11), 11, a_blocks}});
    EXPECT_TRUE(same_bits(out, std::span(want).subspan(11 * 256)));
  }
}

// 2 layers: 4 all-reduces. Of [20, 64] in fp32 two ranks move 2 x (2-1)/2 x 5,120 bytes each, in
// all 10,240; four times that is 40,960. Logits of 20 rows come from the second rank for 128 of 256
// tokens: 10,240 bytes.
TEST(ThreadRanks, TwoAllReducesPerLayerMoveTheBytesOfTheFormula) {
  const auto text = random_text(20, 6);
  Ranked two(plan_of(tiny_shape(), "bf16", "bf16"), 2);
  plain(two.model, text);
  EXPECT_EQ(two.model.all_reduces(), 4);
  EXPECT_EQ(two.group.wire_bytes(), 51200U);
  EXPECT_EQ(step_wire_bytes(tiny_shape(), {.tp = 2}, {.tokens = 20, .logit_rows = 20}),
            Bytes(51200));
  for (const int ranks : {2, 4}) {
    Ranked some(plan_of(wide_shape(), "bf16", "bf16"), ranks);
    plain(some.model, text);
    EXPECT_EQ(Bytes(static_cast<double>(some.group.wire_bytes())),
              step_wire_bytes(wide_shape(), {.tp = ranks}, {.tokens = 20, .logit_rows = 20}));
  }
}

// Greedy answers through scheduler, chunks and batches. With fp32 weights and keys no rounding but
// that of sums differs, 1e-5 of logits whose best two are further apart.
TEST(ThreadRanks, AnswersAreTheSameTokensOnAnyNumberOfRanks) {
  using namespace testing_support;
  const PromptTexts texts(1, 256, Tokens(16));
  using namespace std::chrono_literals;
  const auto asked = requests({{0ms, 10, 8}, {0ms, 24, 8}, {0ms, 31, 8}, {0ms, 45, 8}});
  const Answers want = plain_answers(asked, texts, sampling_of({}), "fp32", "fp32");
  for (const ParallelConfig& parallel :
       {ParallelConfig{}, ParallelConfig{.tp = 2}, ParallelConfig{.tp = 4}, ParallelConfig{.pp = 2},
        ParallelConfig{.tp = 2, .pp = 2}}) {
    SchedulerOptions limits = pool_of(kBlocks, 24);
    limits.block_tokens = Tokens(16);
    limits.kv.cache_answers = false;
    const auto scheduler = make_scheduler("in_flight", limits);
    Ranked ranked(plan_of(tiny_shape(), "fp32", "fp32"), parallel);
    CpuExecutor executor(ranked.model, *scheduler, ranked.group.team(0), texts,
                         {.sampling = sampling_of({}), .count_between = true});
    const Executed served = serve(*scheduler, executor, asked);
    EXPECT_EQ(served.answers, want) << label(parallel);
    const ReplicaStats& stats = served.stats;
    EXPECT_EQ(stats.parts.scale_up > Duration(0), parallel.gpus() > 1);
    EXPECT_EQ(stats.parts.gemm + stats.parts.attention + stats.parts.elementwise +
                  stats.parts.scale_up + stats.parts.host,
              stats.busy);
  }
}

// Stages compute the very same sums, and micro-batches cut prompts where any chunk may end.
TEST(ThreadRanks, PipelinesGiveTheUnpipelinedBits) {
  const auto text = random_text(37, 8);
  ModelSpec moe = find_model("tiny-mla-test");  // the first layer dense
  const DecoderShape latent = decoder_shape(moe);
  moe.mla.reset();
  DecoderShape deep = tiny_shape();  // windows but for every third layer, biases, head norms
  deep.layers = 5;
  deep.window = 9;
  deep.window_period = 3;
  deep.qkv_bias = deep.qk_norm = true;
  for (const DecoderShape& shape : {tiny_shape(), decoder_shape(moe), latent, deep}) {
    const ModelPlan plan = plan_of(shape, "bf16", "bf16");
    for (const std::int64_t tensor : {1, 2}) {
      Ranked flat(plan, {.tp = tensor}), piped(plan, {.tp = tensor, .pp = 2});
      EXPECT_TRUE(same_bits(plain(piped.model, text), plain(flat.model, text)));
      EXPECT_EQ(Bytes(static_cast<double>(piped.group.wire_bytes())),
                step_wire_bytes(shape, {.tp = tensor, .pp = 2}, {.tokens = 37, .logit_rows = 37}));
    }
  }
  const ModelPlan plan = plan_of(deep, "fp32", "int8");
  Ranked flat(plan, 1), stages(plan, {.pp = 5});
  EXPECT_TRUE(same_bits(plain(stages.model, text), plain(flat.model, text)));
}

// Two layers on two stages: 20 rows of 64 to the second, 20 rows of 256 logits back.
TEST(ThreadRanks, APipelineMovesHiddenRowsAndLogits) {
  Ranked two(plan_of(tiny_shape(), "bf16", "bf16"), {.pp = 2});
  plain(two.model, random_text(20, 9));
  EXPECT_EQ(two.group.wire_bytes(), 5120U + 20480U);
  EXPECT_EQ(step_wire_bytes(tiny_shape(), {.pp = 2}, {.tokens = 20, .logit_rows = 20}),
            Bytes(25600));
  EXPECT_EQ(two.model.all_reduces(), 0);
}

// One rank alone fails inside a model that the others wait in; the ranks compute another one then.
TEST(ThreadRanks, ARankThatFailsAloneEndsTheStepOfAll) {
  const ModelPlan plan = Ranked::with(plan_of(tiny_shape(), "bf16", "bf16"), {.tp = 4});
  ThreadRanks ranks(4, 1);
  for (const int failing : {0, 3}) {
    ThreadRankedModel model(plan, ranks);
    EXPECT_THROW(ranks.run([&](Communicator& rank, ThreadTeam&) {
      if (rank.rank() == failing) throw std::bad_alloc();
      std::byte part{};
      rank.receive(failing, {&part, 1});
    }),
                 std::bad_alloc);
    EXPECT_EQ(plain(model, random_text(20, 1)).size(), 20U * 256);
  }
}

TEST(ThreadRanks, WhatRanksThrowIsThrownHere) {
  ThreadRanks ranks(2, 1);
  EXPECT_THROW(ranks.run([](Communicator&, ThreadTeam&) { throw std::runtime_error("both"); }),
               std::runtime_error);
  Ranked two(plan_of(tiny_shape(), "bf16", "bf16"), 2);
  const std::vector<std::int32_t> text = {1}, outside = {kBlocks};
  EXPECT_THROW(step(two.model, {{text, 0, outside}}), Error);
  const std::vector<std::int32_t> inside = {0};
  EXPECT_EQ(step(two.model, {{text, 0, inside}}).size(), 256U);  // and it goes on
}

}  // namespace
}  // namespace inferbench

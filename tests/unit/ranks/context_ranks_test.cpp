#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "harness/base/error.hpp"
#include "harness/execute/ranks/process_ranks.hpp"
#include "harness/execute/transformer/context_attention.hpp"
#include "harness/execute/transformer/expert_exchange.hpp"
#include "ranked_support.hpp"
#include "tiny_system.hpp"

namespace inferbench {
namespace {

// Windows but for every third layer, biases, norms of heads.
DecoderShape windowed_shape() {
  DecoderShape shape = tiny_shape();
  shape.layers = 3;
  shape.window = 21;
  shape.window_period = 3;
  shape.qkv_bias = shape.qk_norm = true;
  return shape;
}

// The whole text in one step, in blocks that are not in order.
std::vector<float> at_once(StepModel& model, std::span<const std::int32_t> text) {
  const std::vector<std::int32_t> blocks = {7, 2, 5, 1, 8, 0, 4};
  return step(model, {{.tokens = text, .context = 0, .blocks = blocks}});
}

// A prompt of 70 tokens in chunks of 33 and 30 and 7 decodes, a draft of 3 of another sequence
// beside it: logits of the first.
std::vector<float> in_chunks(StepModel& model, std::span<const std::int32_t> text) {
  const auto other = random_text(30, 99);
  const std::vector<std::int32_t> blocks = {9, 3, 6, 2, 0}, others = {12, 11};
  std::vector<float> logits;
  std::int64_t done = 0;
  const auto go = [&](std::int64_t tokens, bool beside) {
    std::vector<Piece> pieces;
    pieces.push_back(
        {text.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(tokens)), done,
         blocks});
    if (beside) pieces.push_back({std::span(other).subspan(27, 3), 27, others});
    const auto out = step(model, pieces);
    logits.insert(logits.end(), out.begin(), out.begin() + tokens * 256);
    done += tokens;
  };
  step(model, {{std::span(other).first(27), 0, others}});
  go(33, true);
  go(30, false);
  while (done < std::ssize(text)) go(1, true);
  return logits;
}

// Grouped heads; windows; latents; experts. On two, three and four ranks.
TEST(ContextRanks, LogitsAreNearThoseOfOneRank) {
  const auto text = random_text(70, 1);
  for (const DecoderShape& shape :
       {tiny_shape(), windowed_shape(), decoder_shape(find_model("tiny-mla-test")),
        decoder_shape(find_model("tiny-moe-test"))}) {
    for (const KernelSet kernels : {KernelSet::invariant, KernelSet::fast}) {
      const ModelPlan plan = plan_of(shape, "fp32", "fp32", kernels);
      Ranked one(plan, 1);
      const auto want = at_once(one.model, text);
      for (const std::int64_t ranks : {2, 3, 4}) {
        Ranked several(plan, {.cp = ranks});
        EXPECT_EQ(several.model.block_tokens(), 16 * ranks);
        EXPECT_LE(furthest(at_once(several.model, text), want), 2e-5F);
        EXPECT_LE(furthest(in_chunks(several.model, text), want), 2e-5F);
        EXPECT_EQ(several.model.all_reduces(), 0);
      }
    }
  }
}

// Weights are whole on every rank, and keys are rounded as on one.
TEST(ContextRanks, QuantisedWeightsAndKeysAreRoundedAsOnOneRank) {
  struct Case {
    const char *weights, *kv;
    float tolerance;
  };
  const auto text = random_text(70, 2);
  for (const Case& c : {Case{"bf16", "bf16", 0.05F}, Case{"w8a8", "int8", 0.2F},
                        Case{"w4a16-g32-zp", "fp16", 0.05F}, Case{"fp8-channel", "fp8_e4m3", 0.6F},
                        Case{"bf16", "fp8_e5m2", 0.3F}}) {
    SCOPED_TRACE(std::string(c.weights) + " " + c.kv);
    const ModelPlan plan = plan_of(tiny_shape(), c.weights, c.kv);
    Ranked one(plan, 1), two(plan, {.cp = 2});
    EXPECT_LE(furthest(at_once(two.model, text), at_once(one.model, text)), c.tolerance);
    EXPECT_LE(furthest(in_chunks(two.model, text), at_once(one.model, text)), c.tolerance);
  }
}

// Chunks pass keys and values around, decodes and drafts ask with queries: the same bits under
// invariant kernels, which stages do not change either.
TEST(ContextRanks, ATextHasTheSameBitsInAnyChunksAndCompany) {
  const auto text = random_text(70, 3);
  for (const DecoderShape& shape :
       {tiny_shape(), windowed_shape(), decoder_shape(find_model("tiny-mla-test"))}) {
    for (const char* format : {"fp32", "w8a8"}) {
      const ModelPlan plan = plan_of(shape, format, "bf16");
      for (const std::int64_t ranks : {2, 3}) {
        Ranked whole(plan, {.cp = ranks}), chunks(plan, {.cp = ranks}, 2);
        const auto want = at_once(whole.model, text);
        EXPECT_TRUE(same_bits(in_chunks(chunks.model, text), want));
        Ranked piped(plan, {.cp = ranks, .pp = 2});
        EXPECT_TRUE(same_bits(at_once(piped.model, text), want));
        EXPECT_TRUE(same_bits(in_chunks(piped.model, text), want));
      }
    }
  }
}

// Five texts advance by chunks of random lengths in random company, beside one rank that computes
// each at once.
void expect_plain_logits(const ParallelConfig& parallel, KernelSet kernels, std::uint64_t seed) {
  const ModelPlan plan = plan_of(windowed_shape(), "fp32", "fp32", kernels);
  Ranked one(plan, 1), several(plan, parallel);
  RandomStream random(seed, "composition");
  constexpr std::size_t kTexts = 5;
  std::vector<std::vector<std::int32_t>> texts, blocks(kTexts);
  std::vector<std::vector<float>> want;
  std::vector<std::int64_t> done(kTexts, 0);
  for (std::size_t t = 0; t < kTexts; ++t) {
    texts.push_back(random_text(random.between(1, 90), 100 * seed + t));
    want.push_back(at_once(one.model, texts.back()));
    for (std::int32_t i = 0; i < 6; ++i) {
      blocks[t].push_back(39 - static_cast<std::int32_t>(t) - 6 * i);
    }
  }
  for (bool open = true; open;) {
    std::vector<Piece> pieces;
    std::vector<std::size_t> who;
    open = false;
    for (std::size_t t = 0; t < kTexts; ++t) {
      const std::int64_t left = std::ssize(texts[t]) - done[t];
      open = open || left > 0;
      if (left == 0 || random.below(3) == 0) continue;
      const std::int64_t chunk =
          random.below(2) == 0 ? 1 : random.between(1, std::min<std::int64_t>(left, 60));
      pieces.push_back({.tokens = std::span(texts[t]).subspan(static_cast<std::size_t>(done[t]),
                                                              static_cast<std::size_t>(chunk)),
                        .context = done[t],
                        .blocks = blocks[t]});
      who.push_back(t);
    }
    if (pieces.empty()) continue;
    const auto out = step(several.model, pieces);
    std::size_t at = 0;
    for (std::size_t i = 0; i < who.size(); ++i) {
      const std::size_t count = pieces[i].tokens.size() * 256;
      const auto first = static_cast<std::size_t>(done[who[i]]) * 256;
      ASSERT_LE(furthest(std::span(out).subspan(at, count),
                         std::span(want[who[i]]).subspan(first, count)),
                2e-5F);
      at += count;
      done[who[i]] += std::ssize(pieces[i].tokens);
    }
  }
}

TEST(ContextRanks, RandomStepsAreThePlainRun) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (const KernelSet kernels : {KernelSet::invariant, KernelSet::fast}) {
      expect_plain_logits({.cp = 2}, kernels, seed);
      expect_plain_logits({.cp = 3}, kernels, seed);
      expect_plain_logits({.tp = 2, .cp = 2}, kernels, seed);
      expect_plain_logits({.cp = 2, .pp = 2}, kernels, seed);
      expect_plain_logits({.tp = 2, .cp = 2, .pp = 2}, kernels, seed);
    }
  }
}

// Two prompts with the same first 32 tokens in one step, into the same block; then one more attends
// to what they wrote.
TEST(ContextRanks, PrefixesAreSharedAcrossRanks) {
  auto a = random_text(50, 5), b = random_text(40, 6), c = random_text(45, 7);
  std::copy_n(a.begin(), 32, b.begin());
  std::copy_n(a.begin(), 32, c.begin());
  const std::vector<std::int32_t> a_blocks = {4, 9}, b_blocks = {4, 6}, c_blocks = {4, 1};
  const std::vector<std::int64_t> rewriting = {1};
  const ModelPlan plan = plan_of(tiny_shape(), "fp32", "fp32");
  Ranked one(plan, 1);
  for (const ParallelConfig& parallel :
       {ParallelConfig{.cp = 2}, ParallelConfig{.cp = 2, .pp = 2}}) {
    Ranked two(plan, parallel);
    const auto both = step(two.model, {{a, 0, a_blocks}, {b, 0, b_blocks}}, rewriting);
    EXPECT_LE(furthest(std::span(both).first(50 * 256), at_once(one.model, a)), 2e-5F);
    EXPECT_LE(furthest(std::span(both).subspan(50 * 256), at_once(one.model, b)), 2e-5F);
    const auto behind = step(two.model, {{std::span(c).subspan(32), 32, c_blocks}});
    const auto whole = at_once(one.model, c);
    EXPECT_LE(furthest(behind, std::span(whole).subspan(32 * 256)), 2e-5F);
  }
}

// With TP, with experts elsewhere and sequences of two attention ranks, and all of them.
TEST(ContextRanks, WorkWithEveryOtherDegree) {
  const auto a = random_text(60, 8), b = random_text(21, 9), c = random_text(1, 10);
  const std::vector<std::int32_t> low = {0, 1}, mid = {5}, high = {9};
  const ModelPlan plan = plan_of(decoder_shape(find_model("tiny-moe-test")), "fp32", "fp32");
  Ranked one(plan, 1);
  std::vector<float> want;
  for (const auto& text : {a, b, c}) {
    const auto logits = at_once(one.model, text);
    want.insert(want.end(), logits.begin(), logits.end());
  }
  for (const ParallelConfig& parallel :
       {ParallelConfig{.tp = 2, .cp = 2}, ParallelConfig{.cp = 2, .ep = 2},
        ParallelConfig{.cp = 2, .pp = 2}, ParallelConfig{.cp = 2, .ep = 2, .pp = 2},
        ParallelConfig{.tp = 2, .cp = 2, .ep = 2}, ParallelConfig{.cp = 3, .ep = 2}}) {
    Ranked ranked(plan, parallel);
    const auto last = static_cast<std::uint16_t>(parallel.ep - 1);
    EXPECT_LE(
        furthest(step(ranked.model, {{a, 0, low, last}, {b, 0, mid, 0}, {c, 0, high, 0}}), want),
        2e-5F)
        << label(parallel);
    // All on one attention rank, one token, and one rank has it.
    EXPECT_LE(furthest(step(ranked.model, {{c, 0, mid, last}}), at_once(one.model, c)), 2e-5F);
  }
}

// A prompt of 40 tokens on two ranks: 16 + 8 tokens on the first, 16 on the second, three pages of
// two KV heads, 16 tokens, keys and values of 16 in bf16: 2,048 bytes each. Each goes to the other
// rank in both layers: 12,288. Of 256 fp32 logits the 16 rows of the second rank travel: 16,384.
// One token behind it: its 64 fp32 elements of query to the other rank, 64 of output and one
// log-sum-exp of each of 4 heads back, in both layers: 2 * 4 * 132 = 1,056. It is token 40, of
// block 2, on the first rank: no logits travel.
TEST(ContextRanks, MovePagesOfPromptsAndQueriesOfDecodes) {
  const DecoderShape shape = tiny_shape();
  ASSERT_EQ(shape.layers, 2);
  ASSERT_EQ(shape.heads, 4);
  ASSERT_EQ(shape.kv_heads, 2);
  ASSERT_EQ(shape.head_dim, 16);
  Ranked two(plan_of(shape, "bf16", "bf16"), {.cp = 2});
  const auto text = random_text(41, 11);
  const std::vector<std::int32_t> blocks = {3, 1};
  step(two.model, {{std::span(text).first(40), 0, blocks}});
  EXPECT_EQ(two.group.wire_bytes(), 12288U + 16384U);
  EXPECT_EQ(
      step_wire_bytes(shape, {.cp = 2},
                      {.tokens = 40, .logit_rows = 40, .distant_rows = 16, .passed_pages = 6}),
      Bytes(28672));
  const std::uint64_t before = two.group.wire_bytes();
  step(two.model, {{std::span(text).subspan(40), 40, blocks}});
  EXPECT_EQ(two.group.wire_bytes() - before, 1056U);
  EXPECT_EQ(step_wire_bytes(shape, {.cp = 2}, {.tokens = 1, .logit_rows = 1, .asked_queries = 2}),
            Bytes(1056));
}

// What the ranks of one tensor-parallel place gave.
StepTraffic given(const Ranked& ranked, const ParallelConfig& parallel) {
  StepTraffic traffic;
  for (int rank = 0; rank < parallel.gpus(); rank += static_cast<int>(parallel.tp)) {
    const Decoder& decoder = ranked.model.part(rank).decoder();
    traffic.passed_pages += decoder.context_attention()->passed_pages();
    traffic.asked_queries += decoder.context_attention()->asked_queries();
    if (decoder.expert_exchange() != nullptr) traffic.visits += decoder.expert_exchange()->visits();
  }
  return traffic;
}

// 70 tokens, and one of another sequence behind none: blocks 0 to 4, of which rank r has those
// that are r modulo the ranks; in every layer five pages go around and one query asks. With the
// window of 21 the whole prompt is seen by some query, so pages are the same.
TEST(ContextRanks, BytesAreThoseOfTheFormula) {
  const auto text = random_text(70, 12), other = random_text(1, 13);
  const std::vector<std::int32_t> blocks = {0, 1, 2}, others = {5};
  for (const DecoderShape& shape :
       {tiny_shape(), windowed_shape(), decoder_shape(find_model("tiny-mla-test")),
        decoder_shape(find_model("tiny-moe-test"))}) {
    for (const char* kv : {"bf16", "int8", "fp8_e4m3"}) {
      const ModelPlan plan = plan_of(shape, "bf16", kv);
      for (const ParallelConfig& parallel :
           {ParallelConfig{.cp = 2}, ParallelConfig{.cp = 3}, ParallelConfig{.tp = 2, .cp = 2},
            ParallelConfig{.cp = 2, .ep = 2}, ParallelConfig{.tp = 2, .cp = 2, .ep = 2},
            ParallelConfig{.cp = 2, .pp = 2}, ParallelConfig{.tp = 2, .cp = 2, .pp = 2}}) {
        if (parallel.ep > 1 && !shape.experts) continue;
        SCOPED_TRACE(std::string(kv) + " " + label(parallel));
        Ranked ranked(plan, parallel);
        step(ranked.model, {{text, 0, blocks}, {other, 0, others}});
        StepTraffic traffic = given(ranked, parallel);
        if (parallel.pp == 1) {
          EXPECT_EQ(traffic.passed_pages, 5 * shape.layers);
          EXPECT_EQ(traffic.asked_queries, shape.layers);
        }
        std::int64_t near = 1;  // rows on the first rank
        for (std::int64_t token = 0; token < 70; ++token) near += token / 16 % parallel.cp == 0;
        traffic.tokens = traffic.logit_rows = 71;
        traffic.distant_rows = 71 - near;
        traffic.micro_batches = parallel.pp;
        traffic.kv = plan.kv;
        EXPECT_EQ(Bytes(static_cast<double>(ranked.group.wire_bytes())),
                  step_wire_bytes(shape, parallel, traffic));
      }
    }
  }
}

// A window of 21 in a chunk of 30 behind 64 tokens sees tokens 44 on: pages of blocks 2 to 5, not
// of 0 and 1, in two of the three layers.
TEST(ContextRanks, PagesThatNoQuerySeesStay) {
  const auto text = random_text(94, 14);
  const std::vector<std::int32_t> blocks = {0, 1, 2};
  Ranked two(plan_of(windowed_shape(), "bf16", "bf16"), {.cp = 2});
  step(two.model, {{std::span(text).first(64), 0, blocks}});
  const auto pages = [&] { return given(two, {.cp = 2}).passed_pages; };
  EXPECT_EQ(pages(), 3 * 4);
  step(two.model, {{std::span(text).subspan(64), 64, blocks}});
  EXPECT_EQ(pages(), 3 * 4 + 2 * 4 + 6);
}

// Greedy answers through a scheduler with blocks of 32 to 64 tokens, shared prefixes among them, a
// pool that is short of room, drafts of a model on the same ranks.
TEST(ContextRanks, AnswersAreTheTokensOfOneRank) {
  using namespace testing_support;
  using namespace std::chrono_literals;
  const PromptTexts texts(1, 256, Tokens(16));
  auto asked = requests({{0ms, 10, 8}, {0ms, 124, 8}, {0ms, 131, 20}, {0ms, 145, 8}, {9ms, 7, 33}});
  const std::vector<std::uint64_t> prefix = {11, 12, 13, 14, 15, 16, 17};
  for (Request& request : asked) {
    if (request.input > Tokens(112)) request.prefix_blocks = prefix;
  }
  const ModelPlan plan = plan_of(tiny_shape(), "fp32", "fp32");
  const auto answers = [&](const ParallelConfig& parallel, std::int64_t tokens, bool drafts) {
    SchedulerOptions limits = pool_of(tokens / (16 * parallel.cp), 48);
    limits.block_tokens = Tokens(16 * parallel.cp);
    limits.kv.cache_answers = false;
    limits.kv.prefix_cache = true;
    limits.kv.hash_tokens = Tokens(16);
    if (drafts) limits.draft_tokens = Tokens(3);
    const auto scheduler = make_scheduler("in_flight", limits);
    ModelPlan target = plan;
    target.kv_blocks = limits.kv_blocks;
    Ranked ranked(target, parallel);
    std::unique_ptr<RankedModel> small;
    std::unique_ptr<Drafter> drafter;
    if (drafts) {
      small = ranked.group.build(Ranked::with(target, parallel));
      drafter = std::make_unique<ModelDrafter>(*small, ranked.group.team(0), sampling_of({}));
    }
    CpuExecutor executor(ranked.model, *scheduler, ranked.group.team(0), texts,
                         {.sampling = sampling_of({}), .count_between = true}, drafter.get());
    Answers out = serve(*scheduler, executor, asked).answers;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      EXPECT_EQ(static_cast<std::int64_t>(out[i].size()), asked[i].output.count());
    }
    return out;
  };
  const Answers want = answers({}, 640, false);
  for (const ParallelConfig& parallel :
       {ParallelConfig{.cp = 2}, ParallelConfig{.cp = 3}, ParallelConfig{.cp = 4},
        ParallelConfig{.tp = 2, .cp = 2}, ParallelConfig{.cp = 2, .pp = 2}}) {
    EXPECT_EQ(answers(parallel, 640, false), want) << label(parallel);
    EXPECT_EQ(answers(parallel, 192, false), want)
        << label(parallel);  // some wait, some lose theirs
    EXPECT_EQ(answers(parallel, 640, true), want) << label(parallel);
  }
}

TEST(ContextRanks, ProcessesComputeTheBitsOfThreads) {
  const auto text = random_text(70, 15);
  for (const ParallelConfig& parallel : {ParallelConfig{.cp = 2}, ParallelConfig{.tp = 2, .cp = 2},
                                         ParallelConfig{.cp = 2, .pp = 2}}) {
    const ModelPlan plan = Ranked::with(plan_of(tiny_shape(), "bf16", "bf16"), parallel);
    ThreadRanks threads(static_cast<int>(parallel.gpus()), 1);
    const auto model = threads.build(plan);
    const auto want = in_chunks(*model, text);
    ThreadWorld world(static_cast<int>(parallel.gpus()));
    world.run([&](Communicator& comm) {
      ProcessRanks ranks(comm, 1);
      if (!ranks.leads()) return ranks.follow({plan});
      const auto same = ranks.build(plan);
      EXPECT_TRUE(same_bits(in_chunks(*same, text), want));
      EXPECT_EQ(ranks.wire_bytes(), threads.wire_bytes());
    });
  }
}

}  // namespace
}  // namespace inferbench

#include "harness/execute/transformer/decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "decoder_support.hpp"
#include "harness/base/error.hpp"
#include "harness/execute/transformer/decoder_reference.hpp"

namespace inferbench {
namespace {

// Logits have a variance near 1. fp32 sums of 64 and 128 terms in 2 layers.
TEST(Decoder, ComputesWhatItsDefinitionSays) {
  const auto text = random_text(50, 1);
  const auto want = decoder_reference(RandomWeights(tiny_shape(), kWeightSeed), text);
  for (const KernelSet kernels : {KernelSet::invariant, KernelSet::fast}) {
    Model model("fp32", "fp32", 2, kernels);
    expect_near(plain(model, text), want, 2e-5F);
  }
}

TEST(Decoder, StaysNearItsDefinitionInNarrowFormats) {
  struct Case {
    const char *weights, *kv;
    float tolerance;
  };
  const auto text = random_text(40, 2);
  const auto want = decoder_reference(RandomWeights(tiny_shape(), kWeightSeed), text);
  for (const Case& c :
       {Case{"bf16", "bf16", 0.1F}, Case{"fp16", "fp16", 0.02F}, Case{"w8a8", "int8", 0.3F},
        Case{"w4a16-g32", "bf16", 1.2F}, Case{"w4a8-g32", "fp8_e4m3", 1.4F},
        Case{"fp8-channel", "fp8_e5m2", 1.0F}}) {
    SCOPED_TRACE(std::string(c.weights) + " " + c.kv);
    Model model(c.weights, c.kv);
    expect_near(plain(model, text), want, c.tolerance);
  }
}

// Two prompts and a decode, block tables in any order:
//   step 1   A 0..19, B 0..4
//   step 2   A 20..36, B 5..30
//   step 3   A 37, B 31..33, C 0..9
TEST(Decoder, ChunksSideBySideAreThePlainRunBitForBit) {
  const auto a = random_text(38, 3), b = random_text(34, 4), c = random_text(10, 5);
  Model alone("bf16", "bf16"), model("bf16", "bf16", 2);
  const auto a_plain = plain(alone, a), b_plain = plain(alone, b), c_plain = plain(alone, c);
  const std::vector<std::int32_t> a_blocks = {9, 2, 30}, b_blocks = {11, 3, 1}, c_blocks = {39};
  const auto piece = [](const std::vector<std::int32_t>& text, std::int64_t from, std::int64_t end,
                        const std::vector<std::int32_t>& blocks) {
    return Piece{.tokens = std::span(text).subspan(static_cast<std::size_t>(from),
                                                   static_cast<std::size_t>(end - from)),
                 .context = from,
                 .blocks = blocks};
  };
  const auto rows = [](const std::vector<float>& logits, std::int64_t from, std::int64_t end) {
    return std::span(logits).subspan(static_cast<std::size_t>(from * 256),
                                     static_cast<std::size_t>((end - from) * 256));
  };
  auto out = step(model.decoder, {piece(a, 0, 20, a_blocks), piece(b, 0, 5, b_blocks)});
  EXPECT_TRUE(same_bits(rows(out, 0, 20), rows(a_plain, 0, 20)));
  EXPECT_TRUE(same_bits(rows(out, 20, 25), rows(b_plain, 0, 5)));
  out = step(model.decoder, {piece(a, 20, 37, a_blocks), piece(b, 5, 31, b_blocks)});
  EXPECT_TRUE(same_bits(rows(out, 0, 17), rows(a_plain, 20, 37)));
  EXPECT_TRUE(same_bits(rows(out, 17, 43), rows(b_plain, 5, 31)));
  out = step(model.decoder,
             {piece(a, 37, 38, a_blocks), piece(b, 31, 34, b_blocks), piece(c, 0, 10, c_blocks)});
  EXPECT_TRUE(same_bits(rows(out, 0, 1), rows(a_plain, 37, 38)));
  EXPECT_TRUE(same_bits(rows(out, 1, 4), rows(b_plain, 31, 34)));
  EXPECT_TRUE(same_bits(rows(out, 4, 14), rows(c_plain, 0, 10)));
}

// Texts advance by chunks of random lengths, in random company, in scattered blocks.
TEST(Decoder, RandomCompositionsGiveThePlainLogitsInEveryFormat) {
  const std::pair<const char*, const char*> formats[] = {
      {"fp32", "fp32"},       {"bf16", "fp16"},          {"w8a8", "int8"},
      {"w4a16-g128", "bf16"}, {"w4a8-g128", "fp8_e4m3"}, {"fp8-block128", "fp8_e5m2"}};
  std::uint64_t seed = 20;
  for (const auto& [weights, kv] : formats) {
    SCOPED_TRACE(std::string(weights) + " " + kv);
    expect_plain_in_random_company(tiny_shape(), weights, kv, ++seed);
  }
}

// 60 tokens at once, and in chunks of 23, 1, 30 and 6: sums in another order, and in int8 what a
// rounding that falls the other way is worth.
TEST(Decoder, FastKernelsAgreeAcrossChunksWithinRounding) {
  struct Case {
    const char *weights, *kv;
    float tolerance;
  };
  const auto text = random_text(60, 12);
  const std::vector<std::int32_t> blocks = {7, 30, 2, 21};
  for (const Case& c :
       {Case{"fp32", "fp32", 2e-5F}, Case{"bf16", "bf16", 0.05F}, Case{"w8a8", "int8", 0.2F}}) {
    SCOPED_TRACE(c.weights);
    Model whole(c.weights, c.kv, 1, KernelSet::fast), chunked(c.weights, c.kv, 2, KernelSet::fast);
    const auto want = plain(whole, text);
    std::vector<float> got;
    std::int64_t done = 0;
    for (const std::int64_t chunk : {23, 1, 30, 6}) {
      const auto out = step(chunked.decoder,
                            {{.tokens = std::span(text).subspan(static_cast<std::size_t>(done),
                                                                static_cast<std::size_t>(chunk)),
                              .context = done,
                              .blocks = blocks}});
      got.insert(got.end(), out.begin(), out.end());
      done += chunk;
    }
    expect_near(got, want, c.tolerance);
  }
}

// An answer forks after 20 tokens: the second block, half full, is copied; the first is shared.
TEST(Decoder, CopiedBlockLetsForksGoTheirOwnWays) {
  auto left = random_text(24, 6), right = left;
  for (std::size_t i = 20; i < 24; ++i) right[i] = (right[i] + 1) % 256;
  Model alone("bf16", "int8"), model("bf16", "int8");
  const auto left_plain = plain(alone, left), right_plain = plain(alone, right);
  const std::vector<std::int32_t> left_blocks = {5, 6}, right_blocks = {5, 17};
  step(model.decoder, {{std::span(left).first(20), 0, left_blocks}});
  model.decoder.kv().copy_block(6, 17);
  const auto out = step(model.decoder, {{std::span(left).subspan(20), 20, left_blocks},
                                        {std::span(right).subspan(20), 20, right_blocks}});
  EXPECT_TRUE(same_bits(std::span(out).first(4 * 256), std::span(left_plain).subspan(20 * 256)));
  EXPECT_TRUE(same_bits(std::span(out).subspan(4 * 256), std::span(right_plain).subspan(20 * 256)));
}

// B begins with A's first block while A computes it: its own part attends to what A writes.
TEST(Decoder, PrefixComputedInTheSameStepIsAttendedTo) {
  const auto a = random_text(30, 8);
  auto b = random_text(25, 9);
  std::copy_n(a.begin(), 16, b.begin());
  Model alone("bf16", "bf16"), model("bf16", "bf16", 2);
  const auto b_plain = plain(alone, b);
  const std::vector<std::int32_t> a_blocks = {4, 7}, b_blocks = {4, 8};
  auto out =
      step(model.decoder, {{std::span(a), 0, a_blocks}, {std::span(b).subspan(16), 16, b_blocks}});
  EXPECT_TRUE(same_bits(std::span(out).subspan(30 * 256), std::span(b_plain).subspan(16 * 256)));
  // The same block computed twice in one step, by both.
  const std::vector<std::int64_t> rewriting = {1};
  out = step(model.decoder, {{std::span(a), 0, a_blocks}, {std::span(b), 0, b_blocks}}, rewriting);
  EXPECT_TRUE(same_bits(std::span(out).subspan(30 * 256), b_plain));
}

TEST(Decoder, KindsOfWorkTakeTime) {
  Model model("bf16", "bf16");
  plain(model, random_text(20, 10));
  const KernelTimes times = model.decoder.times();
  EXPECT_GT(times.gemm, Duration(0));
  EXPECT_GT(times.attention, Duration(0));
  EXPECT_GT(times.other, Duration(0));
}

TEST(Decoder, TokensOutsideTheVocabularyAreABrokenInvariant) {
  Model model("bf16", "bf16");
  const std::vector<std::int32_t> text = {256};
  EXPECT_THROW(plain(model, text), std::logic_error);
}

// Two layers: each kernel once per layer, in the order of the definition, one after the other.
TEST(Decoder, NotesItsKernelsWhileAskedTo) {
  const auto text = random_text(20, 6);
  Model model("bf16", "bf16", 2);
  const auto want = plain(model, text);
  KernelSpans spans;
  model.decoder.trace(&spans);
  EXPECT_TRUE(same_bits(plain(model, text), want));
  model.decoder.trace(nullptr);
  plain(model, text);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    names.push_back(spans[i].name + (":" + std::to_string(spans[i].layer)));
    EXPECT_LE(spans[i].begin, spans[i].end);
    if (i > 0) {
      EXPECT_EQ(spans[i].begin, spans[i - 1].end);
    }
  }
  const std::vector<std::string> expected = {
      "embed:-1",         "qkv_gemm:0",     "rotate:0",      "write_kv:0", "attention:0",
      "out_gemm:0",       "add_rmsnorm:0",  "ffn_up_gemm:0", "silu_mul:0", "ffn_down_gemm:0",
      "add_rmsnorm:0",    "qkv_gemm:1",     "rotate:1",      "write_kv:1", "attention:1",
      "out_gemm:1",       "add_rmsnorm:1",  "ffn_up_gemm:1", "silu_mul:1", "ffn_down_gemm:1",
      "final_rmsnorm:-1", "lm_head_gemm:-1"};
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace inferbench

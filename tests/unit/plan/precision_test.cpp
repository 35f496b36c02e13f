#include "harness/plan/precision.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

TEST(Precision, NamedSetsSayWhatIsDeployed) {
  const Precision fp8 = parse_precision("fp8");
  EXPECT_EQ(fp8.experts, DType::fp8);
  EXPECT_EQ(fp8.kv, DType::fp8);
  EXPECT_EQ(fp8.head, DType::bf16);
  const Precision mxfp4 = parse_precision("mxfp4");
  EXPECT_EQ(mxfp4.experts, DType::mxfp4);
  EXPECT_EQ(mxfp4.attention, DType::bf16);
  const Precision int4 = parse_precision("int4");
  EXPECT_EQ(int4.attention, DType::int4);
  EXPECT_EQ(int4.kv, DType::bf16);
  EXPECT_EQ(parse_precision("fp16").activations, DType::fp16);
}

TEST(Precision, SingleFieldsFollowASet) {
  const Precision p = parse_precision("FP8, kv=bf16, head=fp8");
  EXPECT_EQ(p.ffn, DType::fp8);
  EXPECT_EQ(p.kv, DType::bf16);
  EXPECT_EQ(p.head, DType::fp8);
  EXPECT_EQ(parse_precision("kv=fp8").attention, DType::bf16);
}

TEST(Precision, WhatCannotBeReadIsRefused) {
  EXPECT_THROW(parse_precision(""), Error);
  EXPECT_THROW(parse_precision("fp9"), Error);
  EXPECT_THROW(parse_precision("fp8,bf16"), Error);
  EXPECT_THROW(parse_precision("fp8,kvs=bf16"), Error);
  EXPECT_THROW(parse_precision("fp8,kv="), Error);
}

TEST(Precision, WeightsSayWhatTheyMultiplyAtAndWhetherTheyAreSparse) {
  const Precision p = parse_precision("w8a16,kv=fp8,head=fp8/2:4,ffn=int4@fp8/2:4");
  EXPECT_EQ(p.attention, DType::int8);
  EXPECT_EQ(p.attention_format, (WeightFormat{.inputs = DType::bf16}));
  EXPECT_EQ(p.ffn, DType::int4);
  EXPECT_EQ(p.ffn_format, (WeightFormat{.inputs = DType::fp8, .sparse = true}));
  EXPECT_EQ(p.head_format, (WeightFormat{.sparse = true}));
  EXPECT_DOUBLE_EQ(stored_bytes(p.ffn, p.ffn_format), 0.375 + 2.5 / 128);
  // A type given anew takes back what the set said of its inputs; a whole set may be sparse.
  EXPECT_EQ(parse_precision("w8a16,ffn=fp8").ffn_format, WeightFormat{});
  EXPECT_TRUE(parse_precision("fp8/2:4").experts_format.sparse);
  EXPECT_FALSE(parse_precision("fp8/2:4").head_format.sparse);
  EXPECT_TRUE(parse_precision("w8a8,quantise=apart").quantise_apart);
  for (const char* text : {"w8a16", "int4@fp8", "fp8/2:4", "w8a8,quantise=apart",
                           "bf16,experts=int8@bf16/2:4,head=fp8/2:4"}) {
    EXPECT_EQ(parse_precision(label(parse_precision(text))), parse_precision(text)) << text;
  }
  for (const char* text :
       {"bf16@fp8", "fp8/1:2", "bf16,kv=fp8@bf16", "fp32/2:4", "int8@fp3", "w8a8,quantise=often"}) {
    EXPECT_THROW(parse_precision(text), Error) << text;
  }
}

TEST(Precision, EveryLabelReadsBack) {
  RandomStream random(1, "precision labels");
  const auto any = [&] { return *parse_dtype(dtype_names()[random.below(10)]); };
  for (int i = 0; i < 500; ++i) {
    const Precision p{.attention = any(),
                      .ffn = any(),
                      .experts = any(),
                      .head = any(),
                      .kv = any(),
                      .attention_math = any(),
                      .activations = any(),
                      .dispatch = any(),
                      .combine = any()};
    EXPECT_EQ(parse_precision(label(p)), p) << label(p);
  }
  EXPECT_EQ(label(parse_precision("nvfp4")), "nvfp4");
  EXPECT_EQ(label(parse_precision("fp8,kv=bf16")), "fp8,kv=bf16");
}

// Native type, unless the catalog says how a model is served and the GPU has a unit for it.
TEST(Precision, DefaultsFollowTheModelAndTheGpu) {
  const auto chosen = [](const char* model, const char* gpu) {
    return label(default_precision(find_model(model), find_gpu(gpu)));
  };
  EXPECT_EQ(chosen("llama-3-70b", "h100"), "bf16");
  EXPECT_EQ(chosen("gpt-moe-1.8t", "gb200-nvl72"), "nvfp4");
  EXPECT_EQ(chosen("gpt-moe-1.8t", "h100"), "fp8");
  EXPECT_EQ(chosen("gpt-moe-1.8t", "a100"), "bf16");
  EXPECT_EQ(chosen("deepseek-v3", "h200"), "fp8_block");
  EXPECT_EQ(chosen("deepseek-v3", "a100"), "bf16");
  EXPECT_EQ(chosen("gpt-oss-120b", "h100"), "mxfp4");
  EXPECT_EQ(chosen("bert-large", "a100"), "fp32");
}

}  // namespace
}  // namespace inferbench

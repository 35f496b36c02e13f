#include "harness/plan/parallel_config.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"

namespace inferbench {
namespace {

TEST(ParallelConfig, LabelsNameDegreesAboveOne) {
  EXPECT_EQ(label(ParallelConfig{.tp = 2, .ep = 16, .pp = 2}), "TP2EP16PP2");
  EXPECT_EQ(label(ParallelConfig{.ep = 16, .dp = 4}), "EP16DP4");
  EXPECT_EQ(label(ParallelConfig{}), "TP1");
  EXPECT_EQ(label(ParallelConfig{.tp = 8, .cp = 4}), "TP8CP4");
}

TEST(ParallelConfig, OrderCaseAndSeparatorsDoNotMatter) {
  const ParallelConfig expected{.tp = 2, .ep = 16, .pp = 2};
  for (const char* text :
       {"TP2EP16PP2", "tp2ep16pp2", "pp2-ep16-tp2", "tp2_ep16_pp2", "tp=2, ep=16, pp=2",
        "tp2 ep16 pp2", "tp:2,ep:16,pp:2", "ep16xtp2xpp2"}) {
    EXPECT_EQ(parse_parallel(text), expected) << text;
  }
}

TEST(ParallelConfig, GpusAreTheProductOfAllDegrees) {
  const ParallelConfig config = parse_parallel("tp2cp3ep4pp5dp6");
  EXPECT_EQ(config.replica_gpus(), 120);
  EXPECT_EQ(config.gpus(), 720);
}

// TensorRT-LLM: attention on tp x attention_dp ranks, experts on moe_tp x moe_ep of the same ranks.
TEST(ParallelConfig, EnginesNotationBecomesExpertParallelism) {
  EXPECT_EQ(parse_parallel("tp1,attention_dp8,moe_ep8"), (ParallelConfig{.ep = 8}));
  EXPECT_EQ(parse_parallel("tp2,attention_dp4,moe_tp2,moe_ep4,pp2"),
            (ParallelConfig{.tp = 2, .ep = 4, .pp = 2}));
  EXPECT_EQ(parse_parallel("tp_size=4"), (ParallelConfig{.tp = 4}));
}

std::string refusal(const std::string& text) {
  try {
    parse_parallel(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ParallelConfig, WhatCannotBeReadIsRefusedWithAReason) {
  EXPECT_NE(refusal("").find("is empty"), std::string::npos);
  EXPECT_NE(refusal("tp").find("gives tp no degree"), std::string::npos);
  EXPECT_NE(refusal("tp0").find("degrees are integers from 1"), std::string::npos);
  EXPECT_NE(refusal("tp2tp4").find("tp twice"), std::string::npos);
  EXPECT_NE(refusal("tpp2").find("did you mean tp"), std::string::npos) << refusal("tpp2");
  EXPECT_NE(refusal("16").find("is not a parallel configuration"), std::string::npos);
  EXPECT_NE(refusal("tp2.5").find("is not a parallel configuration"), std::string::npos);
  EXPECT_NE(refusal("tp99999999999999999999").find("degree that cannot be"), std::string::npos);
  EXPECT_NE(refusal("tp1048576dp2").find("more than 1,048,576 GPUs"), std::string::npos);
}

TEST(ParallelConfig, ExpertsSplitOtherwiseThanAttentionAreRefused) {
  EXPECT_NE(refusal("tp8,moe_ep8").find("tp x attention_dp must equal"), std::string::npos);
  EXPECT_NE(refusal("tp8,moe_tp1,moe_ep8").find("splits experts otherwise"), std::string::npos);
  EXPECT_NE(refusal("ep8,attention_dp8").find("mixes ep"), std::string::npos);
}

TEST(ParallelConfig, EveryLabelReadsBack) {
  RandomStream random(1, "labels");
  for (int i = 0; i < 1000; ++i) {
    ParallelConfig config;
    for (std::int64_t* degree : {&config.tp, &config.cp, &config.ep, &config.pp, &config.dp}) {
      *degree = random.between(1, 9);
    }
    EXPECT_EQ(parse_parallel(label(config)), config) << label(config);
  }
}

// Random text either reads as a configuration or is refused.
TEST(ParallelConfig, NoTextCrashes) {
  RandomStream random(2, "random text");
  const std::string alphabet = "tpecd0123456789_-,= xX.";
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (auto n = random.below(12); n > 0; --n) text += alphabet[random.below(alphabet.size())];
    try {
      EXPECT_GE(parse_parallel(text).gpus(), 1) << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.place(), "--parallel");
    }
  }
}

}  // namespace
}  // namespace inferbench

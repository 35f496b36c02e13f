#include "harness/plan/deployment.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

using namespace literals;

std::variant<Deployment, DoesNotFit> placed(const char* model, const char* gpu,
                                            const std::string& parallel, const char* precision,
                                            const MemoryBudget& budget = {}) {
  return place(find_model(model), find_gpu(gpu), parse_parallel(parallel),
               parse_precision(precision), budget);
}

// Llama 3 8B in bf16 on an L4 of 24 GB, 90 % of it usable: 21.6 GB.
//   weights      8,030,261,248 x 2 B                           16,060,522,496
//   activations  8192 x (3 x 4096 + 2 x 14336) x 2 B              671,088,640
//   logits       256 x 128,256 x 4 B                              131,334,144
//   runtime                                                     4,000,000,000
//   left                                                          737,054,720
// At 131,072 B a token that is 5,623.2 tokens.
TEST(Deployment, KvIsWhatIsLeft) {
  const auto result = placed("llama-3-8b", "l4", "tp1", "bf16");
  const Deployment& fits = std::get<Deployment>(result);
  EXPECT_EQ(fits.kv_capacity, 5623_tok);
  EXPECT_EQ(fits.memory.back().name, "kv");
  EXPECT_NEAR(fits.memory.back().bytes.count(), 737054720, 1);
  EXPECT_FALSE(fits.uneven);
  EXPECT_EQ(fits.attention_ranks(), 1);
}

TEST(Deployment, PartsAddUpToWhatIsAvailable) {
  for (const char* parallel : {"tp8", "tp2pp4", "tp4dp2"}) {
    const auto result = placed("llama-3-70b", "h100", parallel, "bf16");
    const Deployment& fits = std::get<Deployment>(result);
    double total = 0;
    for (const MemoryPart& part : fits.memory) total += part.bytes.count();
    EXPECT_NEAR(total, fits.memory_available.count(), 1) << parallel;
  }
}

// TP and PP spread the same tokens over more GPUs; EP and DP ranks have tokens of their own.
TEST(Deployment, KvCapacityIsPerAttentionRank) {
  const auto tokens = [](const char* parallel) {
    const auto result = placed("gpt-moe-1.8t", "gb200-nvl72", parallel, "nvfp4");
    return std::get<Deployment>(result).kv_capacity;
  };
  EXPECT_EQ(tokens("ep16dp4"), tokens("ep16"));
  EXPECT_GT(tokens("ep16pp4"), tokens("ep16"));
}

TEST(Deployment, ContextParallelRanksShareTheTokens) {
  const auto one = placed("llama-3-8b", "h100", "tp1", "bf16");
  const auto two = placed("llama-3-8b", "h100", "cp2", "bf16");
  const auto single = std::get<Deployment>(one).kv_capacity.count();
  EXPECT_GT(std::get<Deployment>(two).kv_capacity.count(), 2 * single);  // and half the activations
}

TEST(Deployment, UnevenSharesAreNamed) {
  const auto result = placed("gpt-moe-1.8t", "gb200-nvl72", "tp16pp4", "nvfp4");
  const Deployment& fits = std::get<Deployment>(result);
  EXPECT_TRUE(fits.uneven);
  ASSERT_EQ(fits.notes.size(), 1U);
  EXPECT_EQ(fits.notes[0], "120 heads over TP16: uneven, the largest share is 8");
}

TEST(Deployment, AMissingUnitIsNamed) {
  const auto result = placed("llama-3-8b", "a100", "tp1", "fp8");
  EXPECT_EQ(std::get<Deployment>(result).notes, std::vector<std::string>{"a100 has no fp8 unit"});
}

// 141 GB of weights on one H100: the parts, and that two would do.
TEST(Deployment, WhatDoesNotFitSaysWhyAndWhatWould) {
  const auto result = placed("llama-3-70b", "h100", "tp1", "bf16");
  const DoesNotFit& no = std::get<DoesNotFit>(result);
  EXPECT_GT(no.needed.count(), 141e9);
  EXPECT_NEAR(no.available.count(), 0.9 * 79.6 * (1 << 30), 1);
  EXPECT_EQ(no.smallest_gpus, 2);
  EXPECT_EQ(no.smallest, (ParallelConfig{.tp = 2}));
  const Error error =
      does_not_fit_error("--parallel TP1", find_model("llama-3-70b"), find_gpu("h100"), {}, no);
  const std::string message = error.what();
  for (const char* part : {"llama-3-70b does not fit h100 as TP1", "ffn", "attention", "runtime",
                           "the smallest replica that fits is 2 h100s", "--parallel TP2"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(Deployment, ModelsThatNeverFitHaveNoSmallest) {
  HardwareSpec tiny = find_gpu("l4");
  tiny.memory = Bytes(4e9);  // less than the runtime reserve
  const auto result =
      place(find_model("llama-3-8b"), tiny, {}, parse_precision("bf16"), MemoryBudget{});
  EXPECT_FALSE(std::get<DoesNotFit>(result).smallest_gpus);
}

// BERT-Large fits every GPU of the catalog; GPT-MoE-1.8T fits no single one, even in FP4.
TEST(Deployment, BertFitsEverywhereAndTheTrillionModelOnNoSingleGpu) {
  for (const HardwareSpec& gpu : gpus()) {
    EXPECT_TRUE(std::holds_alternative<Deployment>(
        place(find_model("bert-large"), gpu, {}, parse_precision("bf16"))))
        << gpu.name;
    EXPECT_TRUE(std::holds_alternative<DoesNotFit>(
        place(find_model("gpt-moe-1.8t"), gpu, {}, parse_precision("fp4"))))
        << gpu.name;
  }
}

void expect_refused(const char* model, const char* parallel, const char* part) {
  try {
    placed(model, "h100", parallel, "bf16");
    ADD_FAILURE() << "accepted; expected an error with " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Deployment, DegreesThatCannotWorkAreRefused) {
  expect_refused("llama-3-8b", "pp33", "PP33 is above the 32 layers");
  expect_refused("llama-3-8b", "tp64", "TP64 is above the 32 attention heads");
  expect_refused("llama-3-8b", "ep2", "EP2 on a dense model");
  expect_refused("mixtral-8x7b", "ep16", "EP16 is above the 8 experts");
}

TEST(Deployment, DegreesUpToTheLimitsWork) {
  EXPECT_FALSE(cannot_work(find_model("llama-3-8b"), {.pp = 32}));
  EXPECT_FALSE(cannot_work(find_model("llama-3-8b"), {.tp = 32}));
  EXPECT_FALSE(cannot_work(find_model("mixtral-8x7b"), {.ep = 8}));
}

// The smallest replica fits, and no replica of half as many GPUs does.
TEST(Deployment, SmallestReplicaIsTheSmallest) {
  RandomStream random(6, "smallest");
  for (int i = 0; i < 60; ++i) {
    const ModelSpec& model = models()[random.below(models().size())];
    const HardwareSpec& gpu = gpus()[random.below(gpus().size())];
    const Precision precision = default_precision(model, gpu);
    const auto smallest = smallest_replica(model, gpu, precision);
    if (!smallest) continue;
    EXPECT_TRUE(std::holds_alternative<Deployment>(place(model, gpu, *smallest, precision)))
        << model.name << " " << gpu.name << " " << label(*smallest);
    const std::int64_t fewer = smallest->gpus() / 2;
    for (std::int64_t tp = 1; tp <= fewer; tp *= 2) {
      for (std::int64_t ep = 1; tp * ep <= fewer; ep *= 2) {
        const ParallelConfig half{.tp = tp, .ep = ep, .pp = fewer / tp / ep};
        if (cannot_work(model, half)) continue;
        EXPECT_TRUE(std::holds_alternative<DoesNotFit>(place(model, gpu, half, precision)))
            << model.name << " " << gpu.name << " " << label(half);
      }
    }
  }
}

// More memory never holds fewer tokens.
TEST(Deployment, CapacityGrowsWithTheBudget) {
  Tokens last{0};
  for (const double fraction : {0.5, 0.6, 0.7, 0.8, 0.9, 1.0}) {
    const auto result = placed("llama-3-8b", "h100", "tp1", "bf16", {.usable_fraction = fraction});
    const Tokens tokens = std::get<Deployment>(result).kv_capacity;
    EXPECT_GT(tokens, last);
    last = tokens;
  }
}

std::string experts_line(const MemoryBudget& budget) {
  const auto result = placed("deepseek-v3", "h200", "ep8pp4", "fp8_block", budget);
  const auto& memory = std::get<Deployment>(result).memory;
  return std::find_if(memory.begin(), memory.end(),
                      [](const MemoryPart& part) { return part.name == "experts"; })
      ->how;
}

// DeepSeek-V3 over four stages: the first has 16 layers, 13 of them with experts, the others 15
// with experts each. With memory to spare the first stage caches the most per token and decides;
// where weights are the squeeze, one with 15 expert layers does.
TEST(Deployment, TheTightestStageDecides) {
  EXPECT_NE(experts_line({}).find("13 of 61 layers"), std::string::npos) << experts_line({});
  const MemoryBudget tight{.usable_fraction = 0.25};
  EXPECT_NE(experts_line(tight).find("15 of 61 layers"), std::string::npos) << experts_line(tight);
}

}  // namespace
}  // namespace inferbench

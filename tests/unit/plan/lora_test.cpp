#include "harness/plan/lora.hpp"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/plan/deployment.hpp"

namespace inferbench {
namespace {

const ModelSpec& llama() {
  static const ModelSpec model = find_model("llama-3-8b");
  return model;
}

TEST(Lora, ReadsTermsAndRefusesTargetsThatAreNotThere) {
  const std::string text = "rank=8,adapters=3,targets=qkv+down,popularity=zipf:1.5,seed=7";
  EXPECT_EQ(label(parse_lora(text, llama(), "x")), text);
  EXPECT_EQ(label(parse_lora("rank=16,adapters=64", llama(), "x")),
            "rank=16,adapters=64,targets=qkv+out+up+down");
  const ModelSpec moe = find_model("mixtral-8x7b");
  EXPECT_EQ(label(parse_lora("rank=16,adapters=2", moe, "x")),
            "rank=16,adapters=2,targets=qkv+out");
  EXPECT_THROW(parse_lora("rank=16,adapters=2,targets=up", moe, "x"), Error);
  EXPECT_THROW(parse_lora("rank=16,adapters=2", find_model("deepseek-v3"), "x"), Error);
  for (const char* bad : {"", "rank=16", "adapters=4", "rank=0,adapters=1", "rank=2,adapters=0",
                          "rank=2,adapters=1,targets=", "rank=2,adapters=1,targets=all",
                          "rank=2,adapters=1,popularity=zipf:0", "rank=2,rank=2,adapters=1",
                          "rank=9999,adapters=1", "rank=2,adapters=1,size=3"}) {
    EXPECT_THROW(parse_lora(bad, llama(), "--lora"), Error) << bad;
  }
}

// Llama 3 8B, rank 16. qkv: three A of 16 x 4,096 and B of 16 x (4,096 + 2 x 1,024); out: A and B
// of 16 x 4,096; gate and up: two A of 16 x 4,096 and B of 16 x 14,336; down: 16 x (14,336 +
// 4,096). Together 16 x 81,920 elements = 1,310,720 a layer, 83.9 MB per adapter in 16 bit.
TEST(Lora, AdaptersTakeTwoBytesForEachElementOfAAndB) {
  const LoraAdapters lora = parse_lora("rank=16,adapters=10", llama(), "x");
  const double elements = 16.0 * (3 * 4096 + 6144 + 2 * 4096 + 2 * 4096 + 2 * 14336 + 18432);
  EXPECT_DOUBLE_EQ(elements, 16.0 * 81920);
  EXPECT_DOUBLE_EQ(lora_bytes(lora, llama(), 1, 32).count(), 10 * 32 * elements * 2);
  MemoryBudget budget;
  budget.lora = lora;
  const Precision bf16 = parse_precision("bf16");
  const auto with = std::get<Deployment>(place(llama(), find_gpu("h100"), {}, bf16, budget));
  const auto without = std::get<Deployment>(place(llama(), find_gpu("h100"), {}, bf16));
  const double freed = static_cast<double>((without.kv_capacity - with.kv_capacity).count());
  EXPECT_NEAR(freed * 131072, 10 * 32 * elements * 2, 131072);
}

// TP 2: the wide sides halve, the narrow ones of A (column-parallel) and B (row-parallel) do not.
TEST(Lora, TensorParallelismSplitsOneOfTheTwoFactors) {
  const LoraAdapters lora = parse_lora("rank=16,adapters=1", llama(), "x");
  const double elements = 16.0 * (3 * 4096 + 3072 + 2048 + 4096 + 2 * 4096 + 14336 + 7168 + 4096);
  EXPECT_DOUBLE_EQ(lora_bytes(lora, llama(), 2, 1).count(), elements * 2);
}

// A request's adapter depends on seed and id alone; the mean of distinct ones among r requests is
// sum of 1 - (1 - p)^r.
TEST(Lora, RequestsChooseAdaptersByIdAndPopularity) {
  for (const char* popularity : {"uniform", "zipf:1.2"}) {
    const auto lora =
        parse_lora("rank=1,adapters=50,popularity=" + std::string(popularity), llama(), "x");
    const AdapterChoice choice(lora), again(lora);
    double distinct = 0;
    constexpr int kBatches = 400, kBatch = 32;
    for (int batch = 0; batch < kBatches; ++batch) {
      std::set<std::uint32_t> used;
      for (int i = 0; i < kBatch; ++i) {
        const RequestId id(static_cast<std::uint64_t>(batch * kBatch + i));
        ASSERT_LT(choice.of(id), 50U);
        ASSERT_EQ(choice.of(id), again.of(id));
        used.insert(choice.of(id));
      }
      distinct += static_cast<double>(used.size()) / kBatches;
    }
    EXPECT_NEAR(distinct, choice.expected_distinct(kBatch), 0.3) << popularity;
  }
  const AdapterChoice one(parse_lora("rank=1,adapters=1", llama(), "x"));
  EXPECT_EQ(one.of(RequestId(9)), 0U);
  EXPECT_DOUBLE_EQ(one.expected_distinct(8), 1);
}

}  // namespace
}  // namespace inferbench

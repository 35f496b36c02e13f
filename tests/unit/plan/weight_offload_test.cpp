#include "harness/plan/weight_offload.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/plan/deployment.hpp"

namespace inferbench {
namespace {

Bytes part(const Deployment& d, const std::string& name) {
  for (const MemoryPart& p : d.memory) {
    if (p.name == name) return p.bytes;
  }
  return Bytes(0);
}

TEST(WeightOffload, ReadsSharesAndRefusesNothing) {
  EXPECT_EQ(parse_weight_offload("all", "x").share, 1.0);
  EXPECT_EQ(parse_weight_offload("0.6,overlap=0.5", "x").overlap, 0.5);
  for (const char* text : {"all", "0.6", "0.6,overlap=0.5"}) {
    EXPECT_EQ(label(parse_weight_offload(text, "x")), text);
  }
  for (const char* text :
       {"", "0", "1.5", "-0.1", "overlap=0.5", "0.5,overlap=2", "half", "0.5,x=1"}) {
    EXPECT_THROW(parse_weight_offload(text, "--offload"), Error) << text;
  }
}

// Llama 3 70B in bf16 does not fit one H100. With all layers in host memory, what stays is the
// embedding table and the head (2 x 128,256 x 8,192 x 2 bytes = 4.2 GB) and two of 80 layers.
TEST(WeightOffload, WhatDoesNotFitFitsWithItsLayersInHostMemory) {
  const ModelSpec model = find_model("llama-3-70b");
  const HardwareSpec gpu = find_gpu("h100");
  const Precision bf16 = parse_precision("bf16");
  EXPECT_TRUE(std::holds_alternative<DoesNotFit>(place(model, gpu, {}, bf16)));
  MemoryBudget budget;
  budget.offload = {.share = 1.0};
  const auto placed = place(model, gpu, {}, bf16, budget);
  const auto& d = std::get<Deployment>(placed);
  const double layers = model_weights(model, bf16).count() - part(d, "embedding").count();
  EXPECT_DOUBLE_EQ(part(d, "embedding").count(), 2.0 * 128256 * 8192 * 2);
  EXPECT_EQ(part(d, "attention"), Bytes(0));
  EXPECT_EQ(part(d, "ffn"), Bytes(0));
  EXPECT_NEAR(part(d, "offload buffer").count(), layers * 2 / 80, 1);
}

// Half of the layers' weights: half on the GPU, and the streamed halves of two layers beside them.
TEST(WeightOffload, AShareLeavesTheRestOnTheGpu) {
  const ModelSpec model = find_model("llama-3-8b");
  const HardwareSpec gpu = find_gpu("h100");
  const Precision bf16 = parse_precision("bf16");
  MemoryBudget budget;
  budget.offload = {.share = 0.5};
  const auto whole = std::get<Deployment>(place(model, gpu, {}, bf16));
  const auto half = std::get<Deployment>(place(model, gpu, {}, bf16, budget));
  EXPECT_DOUBLE_EQ(part(half, "ffn").count(), part(whole, "ffn").count() / 2);
  EXPECT_EQ(part(half, "embedding"), part(whole, "embedding"));
  EXPECT_GT(half.kv_capacity, whole.kv_capacity);
  EXPECT_FALSE(half.notes.empty());
}

}  // namespace
}  // namespace inferbench

#include "harness/execute/host_link.hpp"

#include <gtest/gtest.h>

#include <variant>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;

Deployment deployed(const char* parallel, const char* precision) {
  auto placed = place(find_model("llama-3-70b"), find_gpu("h100"), parse_parallel(parallel),
                      parse_precision(precision));
  return std::get<Deployment>(std::move(placed));
}

// 80 layers, 8 KV heads of 128 in 16 bit, keys and values: 327,680 bytes per token over 8 GPUs, or
// half of it with 8 bit; the H100's PCIe Gen5 moves 64 GB/s one way.
TEST(HostLink, MovesEachGpusShareOverItsOwnLink) {
  EXPECT_EQ(kv_bytes_per_token(deployed("tp8", "fp8,kv=bf16")), Bytes(40'960));
  EXPECT_EQ(kv_bytes_per_token(deployed("tp8", "fp8,kv=fp8")), Bytes(20'480));
  EXPECT_EQ(kv_bytes_per_token(deployed("tp4pp2", "fp8,kv=bf16")), Bytes(40'960));
  EXPECT_EQ(HostLink(deployed("tp8", "fp8,kv=bf16")).transfer(1000_tok), 640us);
}

// Half the bytes per token: twice the tokens in what the weights leave.
TEST(HostLink, ANarrowerKvTypeHoldsMoreTokens) {
  const auto wide = deployed("tp8", "fp8,kv=bf16").kv_capacity.count();
  const auto narrow = deployed("tp8", "fp8,kv=fp8").kv_capacity.count();
  EXPECT_NEAR(static_cast<double>(narrow) / static_cast<double>(wide), 2.0, 1e-4);
}

TEST(HostLink, TransfersAreExposed) {
  const HostLink link(deployed("tp8", "fp8,kv=bf16"));
  BatchPlan plan;
  StepTiming timing;
  timing.elapsed = 20ms;
  timing.stage = 10ms;
  link.add(plan, timing);
  EXPECT_EQ(timing.elapsed, 20ms);
  plan.kv_to_host = 1000_tok;
  plan.kv_from_host = 2000_tok;
  link.add(plan, timing);
  EXPECT_EQ(timing.elapsed, 20ms + 1920us);
  EXPECT_EQ(timing.stage, 10ms + 1920us);
  EXPECT_EQ(timing.parts.kv_transfer, 1920us);
}

}  // namespace
}  // namespace inferbench

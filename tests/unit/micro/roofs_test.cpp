#include "harness/micro/roofs.hpp"

#include <gtest/gtest.h>

#include "kernels/registry.hpp"

namespace inferbench {
namespace {

std::vector<Roof> machine() {
  return {{.probe = "fma_fp32_avx2", .unit = "GFLOP/s", .rate = 100},
          {.probe = "fma_fp32_portable", .unit = "GFLOP/s", .rate = 25},
          {.probe = "dot_int8_avx2", .unit = "GOP/s", .rate = 200},
          {.probe = "read_memory", .unit = "GB/s", .rate = 20}};
}

const Implementation& of(const char* op, const char* name) {
  return implementation(op, name);
}

// 1 GFLOP at 100 GFLOP/s takes 10 ms, 0.1 GB at 20 GB/s takes 5 ms: arithmetic binds, and 12.5 ms
// is 80 % of its roof. With 0.4 GB (20 ms) memory binds, and 25 ms is 80 % of that.
TEST(Roofs, TheSlowerOfArithmeticAndMemoryBinds) {
  const Work heavy{.flops = Flops(1e9), .read = Bytes(1e8), .written = Bytes(0)};
  const auto arithmetic =
      binding_roof(machine(), of("gemm", "avx2"), "fp32", heavy, 1, true, 12.5e6).value();
  EXPECT_EQ(arithmetic.probe, "fma_fp32_avx2");
  EXPECT_DOUBLE_EQ(arithmetic.share, 0.8);

  const Work wide{.flops = Flops(1e9), .read = Bytes(3e8), .written = Bytes(1e8)};
  const auto memory =
      binding_roof(machine(), of("gemm", "avx2"), "fp32", wide, 1, true, 25e6).value();
  EXPECT_EQ(memory.probe, "read_memory");
  EXPECT_DOUBLE_EQ(memory.share, 0.8);
  EXPECT_DOUBLE_EQ(least_ns(machine(), of("gemm", "avx2"), "fp32", wide, 1, true), 20e6);
}

std::string arithmetic(const char* op, const char* name, const char* format) {
  return arithmetic_probes(of(op, name), format).back();
}

// What becomes of the operands before they are multiplied: see kernels/gemm/tile_choice.cpp.
TEST(Roofs, ImplementationAndFormatChooseTheArithmetic) {
  EXPECT_EQ(arithmetic("gemm", "avx512_bf16", "bf16"), "dot_bf16_avx512");
  EXPECT_EQ(arithmetic("gemm", "avx512_bf16", "w4a16-g128"), "dot_bf16_avx512");
  EXPECT_EQ(arithmetic("moe_layer", "avx512_bf16", "bf16"), "dot_bf16_avx512");
  EXPECT_EQ(arithmetic("gemm", "avx512_vnni", "w8a8"), "dot_int8_vnni");
  EXPECT_EQ(arithmetic("gemm", "avx512_vnni", "w8a7"), "dot_int8_vnni");
  EXPECT_EQ(arithmetic("gemm", "avx2", "w8a7"), "dot_int8_avx2");
  EXPECT_EQ(arithmetic("gemm", "avx2", "w4a8-g128"), "dot_int8_avx2");
  EXPECT_EQ(arithmetic("gemm", "avx2", "w8a8"), "dot_int16_avx2");
  EXPECT_EQ(arithmetic("gemm", "portable", "w4a8-g128"), "dot_int16_avx2");
  for (const char* widened : {"fp32", "bf16", "w8a16", "w4a16-g128", "fp8-tensor", "fp8-block128",
                              "nvfp4", "mxfp4-a16", "w4a4-g128", "w2a16-g64", "sparse24-bf16"}) {
    EXPECT_EQ(arithmetic("gemm", "avx2", widened), "fma_fp32_avx512") << widened;
  }
  EXPECT_EQ(arithmetic("paged_decode", "avx512", "int8"), "fma_fp32_avx512");
  EXPECT_EQ(arithmetic("moe_gemm", "avx512", "w4a16-g128"), "fma_fp32_avx512");
}

TEST(Roofs, OtherNumbersOfThreadsDoNotCount) {
  const Work work{.flops = Flops(1e9), .read = Bytes(1), .written = Bytes(0)};
  EXPECT_FALSE(binding_roof(machine(), of("gemm", "avx2"), "fp32", work, 2, true, 1).has_value());
  EXPECT_EQ(least_ns({}, of("gemm", "avx2"), "fp32", work, 1, true), 0);
}

TEST(Roofs, ASmallHotCaseIsServedByACache) {
  EXPECT_EQ(memory_probes(1024, 1, false), std::vector<std::string>{"read_l1"});
  EXPECT_EQ(memory_probes(1024, 1, true).front(), "read_memory");
  EXPECT_EQ(memory_probes(1e12, 1, false), memory_probes(1024, 1, true));
}

// 0.4 GB at the 25 GB/s of a single stream, not at the 20 GB/s of eight: 16 ms of 20.
TEST(Roofs, TheFastestWayToReadMemoryIsItsRoof) {
  std::vector<Roof> roofs = machine();
  roofs.push_back({.probe = "read_memory_1", .unit = "GB/s", .rate = 25});
  const Work wide{.flops = Flops(1), .read = Bytes(4e8), .written = Bytes(0)};
  const auto memory = binding_roof(roofs, of("gemm", "avx2"), "fp32", wide, 1, true, 20e6).value();
  EXPECT_EQ(memory.probe, "read_memory_1");
  EXPECT_DOUBLE_EQ(memory.share, 0.8);
}

}  // namespace
}  // namespace inferbench

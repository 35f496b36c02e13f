#include "harness/micro/foreseen_work.hpp"

#include <gtest/gtest.h>

#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// Small, and unlike the preset in every axis that decides how much there is to do.
std::map<std::string, std::int64_t> small_axes(const Op& op) {
  const std::map<std::string, std::int64_t> sizes = {{"m", 3},
                                                     {"n", 32},
                                                     {"k", 256},
                                                     {"requests", 5},
                                                     {"tokens", 7},
                                                     {"q", 2},
                                                     {"context", 40},
                                                     {"q_heads", 4},
                                                     {"kv_heads", 2},
                                                     {"head_dim", 32},
                                                     {"value_dim", 16},
                                                     {"window", 9},
                                                     {"ragged", 1},
                                                     {"skew", 50},
                                                     {"latent", 32},
                                                     {"rope", 16},
                                                     {"nope", 16},
                                                     {"rows", 6},
                                                     {"columns", 128},
                                                     {"vocab", 300},
                                                     {"experts", 16},
                                                     {"top_k", 3},
                                                     {"ep", 4},
                                                     {"skew_permille", 800},
                                                     {"hidden", 128},
                                                     {"inter", 256},
                                                     {"adapters", 9},
                                                     {"rank", 4},
                                                     {"in", 64},
                                                     {"out", 48},
                                                     {"top_p_permille", 700},
                                                     {"temperature_permille", 500}};
  std::map<std::string, std::int64_t> axes;
  for (const Axis& axis : op.axes) {
    EXPECT_TRUE(sizes.contains(axis.name)) << op.name << " " << axis.name;
    if (sizes.contains(axis.name)) axes[axis.name] = sizes.at(axis.name);
  }
  return axes;
}

TEST(ForeseenWork, IsTheWorkOfEveryOpInEveryFormat) {
  std::size_t compared = 0;
  for (const Op& op : kernel_ops()) {
    for (const std::string& format : op.formats) {
      auto axes = small_axes(op);
      if (format == "sigmoid_grouped") axes["experts"] = 64;  // 8 groups of 8
      for (const std::uint64_t seed : {1U, 2U, 3U}) {
        const KernelCase c = make_case(op.name, format, axes, seed);
        const Work said = op.problem(c)->work(), foreseen = foreseen_work(c);
        EXPECT_EQ(foreseen.flops, said.flops) << case_text(c);
        EXPECT_EQ(foreseen.read, said.read) << case_text(c);
        EXPECT_EQ(foreseen.written, said.written) << case_text(c);
        EXPECT_GT(said.bytes().count(), 0) << case_text(c);
        EXPECT_GE(foreseen_memory(c), 3 * said.bytes().count()) << case_text(c);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 3 * kernel_ops().size());
}

// 2 of 256 experts at work, all 256 in memory: 256 matrices of 2048 x 7168 in fp32, three
// times, and rows of 2048 in and 7168 out.
TEST(ForeseenWork, ExpertsWithoutRowsTakeMemoryToo) {
  const KernelCase c =
      make_case("moe_gemm", "bf16",
                {{"tokens", 1}, {"experts", 256}, {"top_k", 2}, {"n", 7168}, {"k", 2048}});
  const double matrix = 7168.0 * 2048.0;
  const double rows = 4 * 2 * (2048.0 + 7168.0);
  EXPECT_DOUBLE_EQ(foreseen_work(c).bytes().count(), 2 * 2 * matrix + rows);
  EXPECT_DOUBLE_EQ(foreseen_memory(c), 3 * (4 * 256 * matrix + rows));
}

// 2^23 logits are too many to be drawn: 2^20 tokens choose 2 of 8 experts, all of them over and
// over. On each of 4 ranks 2^21 / 4 rows, for 2 experts with 1024 x 1024 weights of 2 bytes.
TEST(ForeseenWork, LargeBatchesAreExpectations) {
  const KernelCase c = make_case("moe_gemm", "bf16", {{"tokens", 1 << 20}, {"ep", 4}});
  const double rows = (1 << 21) / 4.0;
  const Work work = foreseen_work(c);
  EXPECT_DOUBLE_EQ(work.flops.count(), 2 * rows * 1024 * 1024);
  EXPECT_DOUBLE_EQ(work.read.count(), rows * 1024 * 4 + 2 * 1024 * 1024 * 2.0);
}

// Sorting 2^17 tokens takes 17 comparisons of each.
TEST(ForeseenWork, ASortIsSlowerThanAPass) {
  const KernelCase c = make_case("sample_top_k", "fp32", {{"requests", 2}, {"vocab", 1 << 17}});
  EXPECT_DOUBLE_EQ(foreseen_reference_steps(c), 2.0 * 4 * (1 << 17) * 17);
}

}  // namespace
}  // namespace inferbench

#include "kernels/registry.hpp"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

TEST(Registry, NamesAreUniqueWithinAnOp) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Implementation& i : implementations()) {
    EXPECT_TRUE(seen.insert({i.op, i.name}).second) << i.op << "/" << i.name;
    EXPECT_FALSE(i.summary.empty());
    ASSERT_NE(i.bind, nullptr);
  }
}

TEST(Registry, EveryFormatOfEveryOpHasAReference) {
  for (const Op& op : kernel_ops()) {
    for (const std::string& format : op.formats) {
      const KernelCase c = make_case(op.name, format, {});
      EXPECT_EQ(preferred(c, Isa::portable).op, op.name) << format;
      bool found = false;
      for (const Implementation* i : implementations_of(op.name)) {
        found = found || (i->provider == "reference" && supports(*i, c, Isa::portable).ok);
      }
      EXPECT_TRUE(found) << op.name << " " << format;
    }
  }
}

TEST(Registry, PrefersTheWidestKernelTheCpuRuns) {
  const KernelCase c = make_case("gemm", "fp32", {});
  EXPECT_EQ(preferred(c, Isa::avx512_bf16).name, "avx512");
  EXPECT_EQ(preferred(c, Isa::avx2).name, "avx2");
  EXPECT_EQ(preferred(c, Isa::portable).name, "portable");
  EXPECT_EQ(preferred(make_case("gemm", "bf16", {}), Isa::avx512_bf16).name, "avx512_bf16");
  EXPECT_EQ(preferred(make_case("gemm", "bf16", {}), Isa::avx512_vnni).name, "avx512");
  EXPECT_EQ(preferred(make_case("gemm", "w8a8", {}), Isa::avx512_vnni).name, "avx512_vnni");
  EXPECT_EQ(preferred(make_case("gemm", "w8a8", {}), Isa::avx512).name, "avx2");
}

TEST(Registry, SaysWhyAnImplementationIsNotUsed) {
  const KernelCase c = make_case("gemm", "fp32", {});
  EXPECT_EQ(supports(implementation("gemm", "avx512"), c, Isa::avx2).reason,
            "needs avx512, this CPU has avx2");
}

TEST(Registry, UnknownNamesAreErrors) {
  EXPECT_THROW(kernel_op("gem"), Error);
  EXPECT_THROW(implementation("gemm", "avx51"), Error);
  EXPECT_THROW(make_case("gemm", "fp33", {}), Error);
  EXPECT_THROW(make_case("gemm", "fp32", {{"mm", 1}}), Error);
  EXPECT_THROW(make_case("gemm", "fp32", {{"m", 0}}), Error);
  EXPECT_THROW(make_case("gemm", "fp32", {{"m", -3}}), Error);
}

TEST(Registry, AxesNotGivenTakeTheirPresets) {
  const KernelCase c = make_case("gemm", "", {{"m", 3}});
  EXPECT_EQ(c.format, "fp32");
  EXPECT_EQ(c.at("m"), 3);
  EXPECT_EQ(c.at("k"), 4096);
}

}  // namespace
}  // namespace inferbench

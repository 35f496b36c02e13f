#include "kernels/cpu/features.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

TEST(Features, EveryCpuRunsPortableCode) {
  EXPECT_TRUE(supports(Isa::portable, Isa::portable).ok);
  EXPECT_TRUE(supports(Isa::portable).ok);
}

TEST(Features, ANarrowerCpuIsTheReason) {
  const Support s = supports(Isa::avx512_vnni, Isa::avx2);
  EXPECT_FALSE(s.ok);
  EXPECT_EQ(s.reason, "needs avx512_vnni, this CPU has avx2");
}

TEST(Features, AWiderCpuRunsNarrowerKernels) {
  EXPECT_TRUE(supports(Isa::avx2, Isa::avx512_bf16).ok);
}

}  // namespace
}  // namespace inferbench

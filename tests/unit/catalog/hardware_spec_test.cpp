#include "harness/catalog/hardware_spec.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

double peak_tera(const char* gpu, DType type) {
  const auto rate = peak(find_gpu(gpu), type);
  return rate ? rate->count() / 1e12 : 0.0;
}

TEST(HardwareSpec, BlockScaledTypesUseTheirBaseTypesPeak) {
  EXPECT_DOUBLE_EQ(peak_tera("b200", DType::nvfp4), 9000);
  EXPECT_DOUBLE_EQ(peak_tera("b200", DType::mxfp4), 9000);
  EXPECT_DOUBLE_EQ(peak_tera("b200", DType::fp4), 9000);
  EXPECT_DOUBLE_EQ(peak_tera("h100", DType::fp8_block), 1978.9);
  EXPECT_DOUBLE_EQ(peak_tera("h100", DType::fp16), 989.4);
}

TEST(HardwareSpec, WeightOnlyTypesMultiplyAt16Bit) {
  EXPECT_DOUBLE_EQ(peak_tera("h100", DType::int4), 989.4);
  EXPECT_DOUBLE_EQ(peak_tera("h100", DType::mxfp4), 989.4);
  EXPECT_TRUE(multiplies_natively(find_gpu("b200"), DType::mxfp4));
  EXPECT_FALSE(multiplies_natively(find_gpu("h100"), DType::mxfp4));
  EXPECT_FALSE(multiplies_natively(find_gpu("h100"), DType::int4));
}

TEST(HardwareSpec, MissingUnitsHaveNoPeak) {
  EXPECT_FALSE(peak(find_gpu("a100"), DType::fp8));
  EXPECT_FALSE(peak(find_gpu("h100"), DType::fp4));
  EXPECT_FALSE(peak(find_gpu("h100"), DType::fp32));
}

TEST(HardwareSpec, VisibleMemoryFallsBackToTheMarketedOne) {
  EXPECT_EQ(visible_memory(find_gpu("a100")).count(), 80e9);
  EXPECT_EQ(visible_memory(find_gpu("gb200-nvl72")).count(), 185.0 * (1 << 30));
}

}  // namespace
}  // namespace inferbench

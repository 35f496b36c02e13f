#include "kernels/shapes/gemm.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

// 4096^3 in bf16: 2 * 68,719,476,736 FLOPs; three matrices of 33,554,432 bytes.
TEST(GemmShape, SquareGemmByHand) {
  const Work w = work(GemmShape{.m = 4096, .n = 4096, .k = 4096});
  EXPECT_EQ(w.flops.count(), 137438953472.0);
  EXPECT_EQ(w.read.count(), 2 * 33554432.0);
  EXPECT_EQ(w.written.count(), 33554432.0);
  EXPECT_DOUBLE_EQ(w.intensity(), 4096.0 * 2 / 6);
}

TEST(GemmShape, GroupedGemmIsItsCountOfGemms) {
  const GemmShape one{.m = 7, .n = 96, .k = 64, .weight_bytes = 0.5625};
  GemmShape eight = one;
  eight.count = 8;
  EXPECT_DOUBLE_EQ(work(eight).flops.count(), 8 * work(one).flops.count());
  EXPECT_DOUBLE_EQ(work(eight).bytes().count(), 8 * work(one).bytes().count());
}

// Half of the weights are zero: the product asked for has 2 * 8 * 16 * 32 FLOPs, half of them on
// weights that exist. bf16 with 2 bits of position for each kept of two: 1.125 bytes.
TEST(GemmShape, SparseFlopsAreNamedApart) {
  const GemmShape s{.m = 8, .n = 16, .k = 32, .weight_bytes = sparse24_bytes(2), .density = 0.5};
  EXPECT_EQ(work(s).flops.count(), 8192.0);
  EXPECT_EQ(nonzero_flops(s).count(), 4096.0);
  EXPECT_EQ(work(s).read.count(), 8 * 32 * 2 + 16 * 32 * 1.125);
}

TEST(GemmShape, TilesPadAboveOneTileOnly) {
  EXPECT_EQ(tiled(100, 128), 100);
  EXPECT_EQ(tiled(128, 128), 128);
  EXPECT_EQ(tiled(129, 128), 256);
  EXPECT_EQ(tiled(129, 0), 129);
  const GemmShape shape{.m = 129, .n = 130, .k = 10};
  EXPECT_EQ(tiled_flops(shape, 128, 128).count(), 2.0 * 256 * 256 * 10);
}

}  // namespace
}  // namespace inferbench

#include "kernels/quant/sparse24.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/cpu/fill.hpp"
#include "kernels/gemm/errors.hpp"
#include "kernels/gemm/format.hpp"
#include "kernels/gemm/problem.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// Of 1 -3 2 0: -3 at 1 and 2 at 2. Of 5 5 5 5: the first two. Of 0 0 0 7: 0 at 0 and 7 at 3.
TEST(Sparse24, KeepsTheTwoLargestOfFour) {
  const std::vector<float> x = {1, -3, 2, 0, 5, 5, 5, 5, 0, 0, 0, 7};
  const Sparse24 s = prune24(x, 12);
  EXPECT_EQ(s.values, (std::vector<float>{-3, 2, 5, 5, 0, 7}));
  EXPECT_EQ(s.index, (std::vector<std::uint8_t>{1 + 2 * 4, 0 + 1 * 4, 0 + 3 * 4}));
  EXPECT_EQ(expand(s), (std::vector<float>{0, -3, 2, 0, 5, 5, 0, 0, 0, 0, 0, 7}));
}

TEST(Sparse24, LastGroupsMayBeShort) {
  for (const std::int64_t k : {1, 2, 3, 5, 6, 7}) {
    std::vector<float> x(static_cast<std::size_t>(2 * k));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
    const std::vector<float> back = expand(prune24(x, k));
    for (std::size_t i = 0; i < x.size(); ++i) {
      // Ascending, so the last two of each group stay.
      const std::int64_t column = static_cast<std::int64_t>(i) % k;
      const std::int64_t end = std::min(k, column / 4 * 4 + 4);
      EXPECT_EQ(back[i], column >= end - 2 ? x[i] : 0.0F) << k << " " << i;
    }
  }
}

TEST(Sparse24, PruningTwiceIsPruningOnce) {
  std::vector<float> x(64 * 100);
  fill_matrix(x, 100, Fill::normal, 1.0, 3, "sparse");
  const std::vector<float> once = expand(prune24(x, 100));
  EXPECT_EQ(expand(prune24(once, 100)), once);
  EXPECT_NE(once, x);
}

// 2 bits for each of two kept of four: 1/8 byte per element beside half of the values.
TEST(Sparse24, BytesAndFlopsOfACase) {
  EXPECT_DOUBLE_EQ(gemm_format("sparse24-bf16").weight_bytes(), 1.125);
  EXPECT_DOUBLE_EQ(gemm_format("sparse24-fp32").weight_bytes(), 2.125);
  const GemmProblem p(make_case("gemm", "sparse24-fp32", {{"m", 2}, {"n", 8}, {"k", 16}}));
  EXPECT_EQ(p.work().flops.count(), 2.0 * 2 * 8 * 16);  // dense-equivalent
  EXPECT_EQ(p.work().bytes().count(), 2 * 16 * 4 + 8 * 16 * 2.125 + 2 * 8 * 4);
}

// Half of normal weights by magnitude of four hold most of the power, yet losing the rest costs far
// more than 8 bits do; and what is known of the others' order.
TEST(GemmErrors, OrderAsTheirFormatsDo) {
  std::map<std::pair<std::string, Fill>, double> sqnr;
  for (const GemmErrorRow& r : gemm_errors(4, 32, 1024)) sqnr[{r.format, r.fill}] = r.error.sqnr_db;
  const auto normal = [&](const char* format) { return sqnr.at({format, Fill::normal}); };
  const auto outliers = [&](const char* format) { return sqnr.at({format, Fill::outliers}); };
  EXPECT_EQ(sqnr.size(), 2 * gemm_formats().size());
  EXPECT_TRUE(std::isinf(normal("fp32")));
  EXPECT_GT(normal("fp16"), normal("bf16"));
  EXPECT_GT(normal("bf16"), normal("w8a16"));
  EXPECT_GT(normal("w8a16"), normal("w8a8"));
  EXPECT_GT(normal("fp8-a16"), normal("fp8-channel"));
  EXPECT_GT(normal("fp8-channel"), normal("nvfp4"));
  EXPECT_GT(normal("nvfp4-a16"), normal("nvfp4"));
  EXPECT_GT(normal("w4a16-g32"), normal("w4a4-g32"));
  EXPECT_GT(normal("w4a16-g128"), normal("w2a16-g32"));
  EXPECT_LT(normal("sparse24-bf16"), normal("w4a16-g128"));
  EXPECT_GT(outliers("w8a8-smooth"), outliers("w8a8"));
}

}  // namespace
}  // namespace inferbench

#include "harness/kernel_times/validate.hpp"

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "tests/unit/kernel_tables/synthetic_tables.hpp"

namespace inferbench {
namespace {

// GEMMs that follow their bound but for a factor drawn between 0.9 and 1.1 for each row.
KernelTable noisy_table() {
  KernelTableBuilder builder;
  RandomStream noise = Random(11).stream("noise");
  for (const char* framework : {"one", "two"}) {
    const std::uint32_t series = builder.series(gemm_series("round", framework), round_machine());
    for (const std::int32_t n : {256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144}) {
      for (const std::int32_t k : {256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144}) {
        for (const double m : {1.0, 4.0, 16.0, 64.0, 256.0, 1024.0}) {
          const double factor = 0.9 + 0.2 * noise.uniform();
          builder.add(series, {{n, k}, m, 0, factor * synthetic_gemm_ns(m, n, k)},
                      builder.kernel("a"), "here");
        }
      }
    }
  }
  return builder.build("test");
}

const KernelScore& score_of(const KernelValidation& v, HeldOut left_out, const std::string& what) {
  for (const KernelScore& score : v.scores) {
    if (score.left_out == left_out && score.subject == what) return score;
  }
  throw std::runtime_error("no such score: " + what);
}

// Noise of a tenth at most is what errors and bands come to.
TEST(ValidateKernels, FindsTheNoiseAndBandsThatHoldIt) {
  const KernelValidation validation = validate_kernels({noisy_table()}, {});
  const KernelScore& shape = score_of(validation, HeldOut::shape, "gemm bf16");
  EXPECT_GT(shape.rows, 100U);
  EXPECT_LT(shape.median, 0.1);
  EXPECT_GT(shape.median, 0.01);
  EXPECT_GT(shape.covered, 0.8);
  EXPECT_LT(shape.covered, 0.99);
  EXPECT_EQ(shape.worst.size(), 3U);
  EXPECT_FALSE(shape.worst[0].reason.empty());
  EXPECT_EQ(shape.bar_median, 0.04);
  EXPECT_LT(score_of(validation, HeldOut::framework, "gemm bf16, up to 50 us").median, 0.15);
}

TEST(ValidateKernels, IsTheSameForEqualSeeds) {
  const KernelTable table = noisy_table();
  const KernelValidation a = validate_kernels({table}, {.seed = 3, .worst = 1});
  const KernelValidation b = validate_kernels({table}, {.seed = 3, .worst = 1});
  const KernelValidation c = validate_kernels({table}, {.seed = 4, .worst = 1});
  ASSERT_EQ(a.scores.size(), b.scores.size());
  for (std::size_t i = 0; i < a.scores.size(); ++i) {
    EXPECT_EQ(a.scores[i].median, b.scores[i].median);
    EXPECT_EQ(a.scores[i].covered, b.scores[i].covered);
  }
  EXPECT_NE(score_of(a, HeldOut::shape, "gemm bf16").median,
            score_of(c, HeldOut::shape, "gemm bf16").median);
}

}  // namespace
}  // namespace inferbench

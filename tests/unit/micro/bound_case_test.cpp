#include "harness/micro/bound_case.hpp"

#include <gtest/gtest.h>

#include "kernels/registry.hpp"

namespace inferbench {
namespace {

constexpr double kMiB = 1024 * 1024;

// Between two turns of a copy lies twice the cache of 32 MiB: 64 MiB of 1 MiB each are 64 copies
// and the one that is running, which is too many; of 4 MiB 16 + 1; what is four times the cache
// evicts itself.
TEST(RotatingCopies, CoverTwiceTheLastCache) {
  EXPECT_EQ(rotating_copies(CachePolicy::hot, kMiB, 32 * kMiB), 1);
  EXPECT_EQ(rotating_copies(CachePolicy::cold, 4 * kMiB, 32 * kMiB), 17);
  EXPECT_EQ(rotating_copies(CachePolicy::cold, 40 * kMiB, 32 * kMiB), 3);
  EXPECT_EQ(rotating_copies(CachePolicy::cold, 128 * kMiB, 32 * kMiB), 1);
  EXPECT_EQ(rotating_copies(CachePolicy::cold, 1 * kMiB, 32 * kMiB), 0);  // 65: flushed instead
  EXPECT_EQ(rotating_copies(CachePolicy::weights_cold, 4 * kMiB, 32 * kMiB), 17);
}

std::vector<const Implementation*> reference() {
  return {&implementation("gemm", "reference")};
}

// 8 x 16 x 32 in fp32 moves (8 + 16) * 32 * 4 + 8 * 16 * 4 = 3,584 bytes; a cache of 8,960 bytes
// asks for 2 * 8960 / 3584 + 1 = 6 copies.
TEST(BoundCase, BindsAsManyCopiesAsTheCacheAsksFor) {
  const KernelCase c = make_case("gemm", "fp32", {{"m", 8}, {"n", 16}, {"k", 32}});
  BindOptions options;
  options.cache = CachePolicy::cold;
  options.last_cache_bytes = 8960;
  BoundCase bound(c, reference(), options);
  ASSERT_EQ(bound.variants().size(), 1U);
  EXPECT_EQ(bound.variants()[0].copies.size(), 6U);
  EXPECT_TRUE(bound.variants()[0].check->pass);
  // Every copy has its turn: none is left poisoned.
  for (const auto& copy : bound.variants()[0].copies) copy->poison();
  const Subject subject = bound.subjects().at(0);
  EXPECT_FALSE(subject.prepare);
  for (int run = 0; run < 6; ++run) subject.run();
  for (const auto& copy : bound.variants()[0].copies) {
    EXPECT_EQ(copy->output()[0], copy->output()[0]);
  }
}

TEST(BoundCase, ManySmallCopiesGiveWayToAFlush) {
  const KernelCase c = make_case("gemm", "fp32", {{"m", 8}, {"n", 16}, {"k", 32}});
  BindOptions options;
  options.cache = CachePolicy::cold;
  options.last_cache_bytes = 1e6;
  BoundCase bound(c, reference(), options);
  const Subject subject = bound.subjects().at(0);
  EXPECT_EQ(bound.variants()[0].copies.size(), 1U);
  ASSERT_TRUE(subject.prepare);
  subject.prepare();
  subject.run();
}

// The reference keeps inputs and weights in one problem; packed kernels know their activations.
TEST(BoundCase, WeightsColdNeedsActivationsOfTheirOwn) {
  const KernelCase c = make_case("gemm", "fp32", {{"m", 8}, {"n", 16}, {"k", 32}});
  BindOptions options;
  options.cache = CachePolicy::weights_cold;
  options.last_cache_bytes = 8960;
  std::vector<const Implementation*> wanted = reference();
  const Implementation& own = preferred(c);
  wanted.push_back(&own);
  BoundCase bound(c, wanted, options);
  EXPECT_EQ(bound.variants()[0].status, RowStatus::skipped);
  EXPECT_NE(bound.variants()[0].reason.find("--cache cold"), std::string::npos);
  if (own.provider != "own") GTEST_SKIP() << "no own kernel for this CPU";
  const std::vector<Subject> subjects = bound.subjects();
  ASSERT_EQ(subjects.size(), 1U);
  ASSERT_TRUE(subjects[0].prepare);
  subjects[0].prepare();
  subjects[0].run();
}

}  // namespace
}  // namespace inferbench

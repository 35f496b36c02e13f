#include "harness/kernel_tables/table_builder.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "tests/unit/kernel_tables/synthetic_tables.hpp"

namespace inferbench {
namespace {

struct Gemm {
  double tokens = 1, ns = 0;
};

KernelTable table_of(const std::vector<Gemm>& gemms) {
  KernelTableBuilder builder;
  const std::uint32_t series = builder.series(gemm_series(), round_machine());
  for (const Gemm& g : gemms) {
    builder.add(series, {{64, 64}, g.tokens, 0, g.ns}, builder.kernel("a"), "here");
  }
  return builder.build("test");
}

// 1,000, 1,020 and 1,300 ns: the median is 1,020, the spread 300 / 1,020, which contradicts.
TEST(KernelTableBuilder, KeepsTheMedianAndSpreadOfRepeats) {
  const KernelTable table = table_of({{2, 1300}, {2, 1000}, {2, 1020}, {1, 900}});
  ASSERT_EQ(table.rows().size(), 2U);
  EXPECT_DOUBLE_EQ(table.rows()[1].ns, 1020);
  EXPECT_NEAR(table.rows()[1].spread, 300.0 / 1020, 1e-6);
  EXPECT_EQ(table.rows()[1].samples, 3);
  EXPECT_EQ(table.series()[0].repeated, 1U);
  EXPECT_EQ(table.series()[0].contradicting, 1U);
}

// 64 x 64 at 640 tokens is 5,242.88 ns of arithmetic: 5,000 cannot be, 5,200 is within 3 %.
TEST(KernelTableBuilder, LeavesOutWhatIsFasterThanTheRoof) {
  std::vector<Gemm> gemms = {{640, 5000}, {641, 5200}};
  for (int i = 0; i < 20; ++i) gemms.push_back({1.0 + i, 1000});
  const KernelTable table = table_of(gemms);
  EXPECT_EQ(table.rows().size(), 21U);
  EXPECT_EQ(table.series()[0].impossible, 1U);
}

// Microseconds read as nanoseconds: nearly all rows would be impossible.
TEST(KernelTableBuilder, RefusesTimesOfAnotherUnit) {
  try {
    table_of({{6400, 52.4}, {640, 9}, {64, 1000}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("2 of 3 rows are faster than the data sheet"),
              std::string::npos);
  }
}

TEST(KernelTableBuilder, RefusesTimesThatAreNotPositive) {
  EXPECT_THROW(table_of({{1, 0}}), Error);
  EXPECT_THROW(table_of({{1, -5}}), Error);
  EXPECT_THROW(table_of({{0, 5}}), Error);
}

// One kernel's GEMMs never take less than 60 us where others take 5: up to 78 us they are launches.
TEST(KernelTableBuilder, LeavesOutGemmsThatWaitForTheHost) {
  KernelTableBuilder builder;
  const std::uint32_t quick = builder.series(gemm_series(), round_machine());
  const std::uint32_t eager =
      builder.series(gemm_series("round", "engine", "fp8_block"), round_machine());
  const std::uint16_t kernel = builder.kernel("a");
  for (int i = 1; i <= 10; ++i) {
    builder.add(quick, {{64, 64}, 1.0 * i, 0, 5000.0 + i}, kernel, "here");
    builder.add(eager, {{64, 64}, 1.0 * i, 0, 60'000.0 + i}, kernel, "here");
  }
  builder.add(eager, {{64, 64}, 9000, 0, 200'000}, kernel, "here");
  const KernelTable table = builder.build("test");
  EXPECT_EQ(table.rows().size(), 11U);
  EXPECT_EQ(table.series()[1].host_bound, 10U);
  EXPECT_DOUBLE_EQ(table.series()[1].floor_ns, 5001);
}

TEST(KernelTableBuilder, MergingATableWithItselfChangesNothingButCounts) {
  const KernelTable table = table_of({{1, 900}, {2, 1000}, {4, 1100}});
  KernelTableBuilder builder;
  builder.add(table);
  builder.add(table);
  const KernelTable twice = builder.build("test");
  ASSERT_EQ(twice.rows().size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(twice.rows()[i].ns, table.rows()[i].ns);
    EXPECT_EQ(twice.rows()[i].samples, 2);
  }
}

}  // namespace
}  // namespace inferbench

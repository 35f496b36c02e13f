#include "harness/tables/op_table.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

TEST(OpTable, KeepsCurvesAndPointsInOrder) {
  OpTable table;
  const OpSite one{"embed", "fp32", {{"width", 64}}}, two{"embed", "fp32", {{"width", 32}}};
  table.put(one, {.x = 4, .ns = 40});
  table.put(one, {.x = 1, .ns = 10});
  table.put(two, {.x = 1, .ns = 5});
  table.put(one, {.x = 4, .ns = 44});
  ASSERT_EQ(table.curves.size(), 2U);
  EXPECT_EQ(table.curves[0].site, two);
  EXPECT_EQ(table.points(), 3U);
  ASSERT_NE(table.find(one), nullptr);
  EXPECT_EQ(table.find(one)->points[0].ns, 10);
  EXPECT_EQ(table.find(one)->points[1].ns, 44);
  EXPECT_TRUE(table.has(one, 4, 0));
  EXPECT_FALSE(table.has(one, 2, 0));
  EXPECT_FALSE(table.has({"embed", "fp32", {{"width", 48}}}, 4, 0));
}

TEST(OpTable, BelongsToOneMachineAndNumberOfThreads) {
  const TableOrigin here{.cpu = "CPU", .isa = "avx2", .threads = 2, .compiler = "GNU 12.2.0"};
  EXPECT_NO_THROW(check_origin(here, here, "t.json"));
  const auto refused = [&](auto change) {
    TableOrigin other = here;
    change(other);
    EXPECT_THROW(check_origin(other, here, "t.json"), Error);
  };
  refused([](TableOrigin& o) { o.cpu = "another"; });
  refused([](TableOrigin& o) { o.isa = "avx512"; });
  refused([](TableOrigin& o) { o.threads = 1; });
  refused([](TableOrigin& o) { o.ranks = 2; });
  refused([](TableOrigin& o) { o.compiler = "Clang 14.0.0"; });
  TableOrigin later = here;
  later.measured_utc = "2026-01-01T00:00:00.000Z", later.commit = "abc";
  EXPECT_NO_THROW(check_origin(later, here, "t.json"));
}

}  // namespace
}  // namespace inferbench

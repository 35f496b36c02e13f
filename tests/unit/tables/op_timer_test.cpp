#include "harness/tables/op_timer.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/tables/op_roof.hpp"

namespace inferbench {
namespace {

const MachineRates kByteRate = {.arithmetic = {{"fp32", 1e12}}, .memory = 1};

OpSite gemm(std::int64_t n, std::int64_t k, const std::string& format = "fp32") {
  return {"gemm", format, {{"n", n}, {"k", k}}};
}

// A table of matrices that reach so much of their roof at one token and at four.
struct Reached {
  OpSite site;
  double utilisation;
};
OpTable table_of(const std::vector<Reached>& all) {
  OpTable table;
  table.rates = kByteRate;
  for (const Reached& r : all) {
    for (const double tokens : {1.0, 4.0}) {
      const double ns = roof_ns(r.site, tokens, 0, table.rates) / r.utilisation;
      table.put(r.site, {.x = tokens, .ns = ns, .low_ns = ns, .high_ns = ns, .samples = 1});
    }
  }
  return table;
}

void expect_reached(const OpTable& table, const OpSite& site, double tokens, double utilisation,
                    Answered answered) {
  SCOPED_TRACE(text_of(site));
  const OpAnswer answer = TableTimer(table).time(site, tokens, 0);
  EXPECT_NEAR(roof_ns(site, tokens, 0, table.rates) / answer.ns, utilisation, 1e-9);
  EXPECT_EQ(answer.answered, answered);
}

// 100 by 10 lies in the middle between 10 by 10 and 1,000 by 10, sizes counted in logarithms: it
// reaches the geometric mean of 1/2 and 1/8. 20,000 by 10 is beyond both.
TEST(TableTimer, BorrowsUtilisationFromNeighbours) {
  const OpTable table = table_of({{gemm(10, 10), 0.5}, {gemm(1000, 10), 0.125}});
  expect_reached(table, gemm(10, 10), 4, 0.5, Answered::measured);
  expect_reached(table, gemm(100, 10), 1, 0.25, Answered::interpolated);
  const double far = TableTimer(table).time(gemm(20'000, 10), 1, 0).ns;
  EXPECT_EQ(TableTimer(table).time(gemm(20'000, 10), 1, 0).answered, Answered::extrapolated);
  EXPECT_GT(roof_ns(gemm(20'000, 10), 1, 0, kByteRate) / far, 0.125);
  EXPECT_LT(roof_ns(gemm(20'000, 10), 1, 0, kByteRate) / far, 0.25);
}

// All neighbours alike: so is what is borrowed, whatever the weights, tokens between points
// included. One neighbour alone, or tokens beyond its points, is no interpolation.
TEST(TableTimer, SaysHowFarItBorrowed) {
  const OpTable table = table_of({{gemm(10, 10), 0.5},
                                  {gemm(1000, 10), 0.5},
                                  {gemm(10, 1000), 0.5},
                                  {gemm(1000, 1000), 0.5},
                                  {gemm(5000, 5000), 0.5}});
  expect_reached(table, gemm(70, 300), 4, 0.5, Answered::interpolated);
  expect_reached(table, gemm(70, 300), 9, 0.5, Answered::extrapolated);
  expect_reached(table, gemm(5, 300), 4, 0.5, Answered::extrapolated);
  expect_reached(table_of({{gemm(10, 10), 0.5}}), gemm(10, 20), 1, 0.5, Answered::extrapolated);
}

TEST(TableTimer, BorrowsNothingFromOtherOpsOrFormats) {
  const OpTable table = table_of({{gemm(10, 10), 0.5}});
  EXPECT_THROW(TableTimer(table).time(gemm(10, 10, "bf16"), 1, 0), Error);
  EXPECT_THROW(TableTimer(table).time({"embed", "fp32", {{"width", 10}}}, 1, 0), Error);
}

// Of ten by ten, 2 * 10 * 10 FLOPs and 480 bytes at one token. The host is free.
TEST(RoofTimer, TakesTheLongerOfArithmeticAndTraffic) {
  const MachineRates slow = {.arithmetic = {{"fp32", 0.1}, {"bf16", 1}}, .memory = 1};
  EXPECT_DOUBLE_EQ(RoofTimer(slow).time(gemm(10, 10), 1, 0).ns, 2000);
  EXPECT_DOUBLE_EQ(RoofTimer(slow).time(gemm(10, 10, "bf16"), 1, 0).ns, 280);
  EXPECT_EQ(RoofTimer(slow).time(gemm(10, 10), 1, 0).answered, Answered::roofline);
  EXPECT_EQ(RoofTimer(slow).time({"host", "fp32", {{"layers", 1}, {"hidden", 1}}}, 9, 0).ns, 0);
}

// Every op has its work, growing with what a step varies.
TEST(OpWork, GrowsAlongBothAxes) {
  for (const TableOp& op : table_ops()) {
    if (op.name == "host") continue;
    SCOPED_TRACE(op.name);
    OpSite site{op.name, "fp32", {}};
    for (const std::string& dim : op.dims) site.dims[dim] = 32;
    const Work one = op_work(site, 2, 2), more = op_work(site, 4, 2), longer = op_work(site, 2, 4);
    EXPECT_GT(one.flops.count(), 0);
    EXPECT_GT(more.bytes(), one.bytes());
    if (op.y.empty()) continue;
    EXPECT_GT(longer.flops, one.flops);
  }
}

}  // namespace
}  // namespace inferbench

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/base/random.hpp"
#include "harness/tables/op_roof.hpp"
#include "harness/tables/op_timer.hpp"

namespace inferbench {
namespace {

// A byte per nanosecond and arithmetic for nothing: roofs are bytes.
const MachineRates kByteRate = {.arithmetic = {{"fp32", 1e12}}, .memory = 1};

OpPoint point(double x, double y, double ns) {
  return {.x = x, .y = y, .ns = ns, .low_ns = ns, .high_ns = ns, .samples = 1};
}

OpSite gemm(std::int64_t n, std::int64_t k) {
  return {"gemm", "fp32", {{"n", n}, {"k", k}}};
}
OpSite attention(const char* op) {
  return {op,
          "fp32",
          {{"q_heads", 2}, {"kv_heads", 1}, {"key_dim", 16}, {"value_dim", 16}, {"window", 0}}};
}

void expect_answer(const OpCurve& curve, double x, double y, double ns, Answered answered) {
  SCOPED_TRACE(std::to_string(x) + ", " + std::to_string(y));
  const OpAnswer answer = curve_time(curve, kByteRate, x, y);
  EXPECT_NEAR(answer.ns, ns, 1e-9 * ns);
  EXPECT_EQ(answer.answered, answered);
}

// Ten by ten in fp32: 400 bytes of weights and 80 per token. Between 1 and 3 tokens the middle is
// the mean; at 6 tokens the roof is 880 ns instead of 640 ns at 3, of which 2,000 ns were 32 %.
TEST(OpCurve, JoinsPointsByLinesAndHoldsUtilisationBeyond) {
  const OpCurve curve = {gemm(10, 10), {point(1, 0, 1000), point(3, 0, 2000)}};
  expect_answer(curve, 1, 0, 1000, Answered::measured);
  expect_answer(curve, 2, 0, 1500, Answered::interpolated);
  expect_answer(curve, 3, 0, 2000, Answered::measured);
  expect_answer(curve, 6, 0, 2000 * 880 / 640.0, Answered::extrapolated);
}

// 10 and 30 are the roots of 100 ns and 900 ns; in their middle is 20, the root of 400 ns.
TEST(OpCurve, JoinsPromptsByTheRootOfTime) {
  const OpCurve curve = {attention("prefill_attention"), {point(1, 0, 100), point(3, 0, 900)}};
  expect_answer(curve, 2, 0, 400, Answered::interpolated);
}

// One request: 100 ns at a context of 10, 200 ns at 20. Three: 300 ns and 500 ns.
//   (1, 15) 150 ns    (3, 15) 400 ns    (2, 15) the middle of both: 275 ns
// A context of 40 reads 2 * 16 * 4 bytes for each of 40 tokens, 5,120, besides 256 of query and
// output: 5,376 ns of roof instead of 2,816 ns at 20.
TEST(OpCurve, JoinsBothAxesOneAfterTheOther) {
  const OpCurve curve = {
      attention("decode_attention"),
      {point(1, 10, 100), point(1, 20, 200), point(3, 10, 300), point(3, 20, 500)}};
  expect_answer(curve, 1, 15, 150, Answered::interpolated);
  expect_answer(curve, 3, 15, 400, Answered::interpolated);
  expect_answer(curve, 2, 15, 275, Answered::interpolated);
  expect_answer(curve, 2, 10, 200, Answered::interpolated);
  expect_answer(curve, 1, 40, 200 * 5376 / 2816.0, Answered::extrapolated);
  expect_answer(curve, 6, 20, 1000, Answered::extrapolated);  // twice the roof of three
}

// Random curves of times that grow along both axes.
class RandomCurve {
 public:
  explicit RandomCurve(std::uint64_t seed) : random_(seed, "curve") {
    const char* const ops[] = {"prefill_attention", "decode_attention"};
    curve_.site = attention(ops[random_.below(2)]);
    double x = 0;
    std::vector<double> floor(6, 1);
    for (std::uint64_t i = 0, n = 2 + random_.below(5); i < n; ++i) {
      x += static_cast<double>(1 + random_.below(20));
      double y = 0, least = 0;
      for (double& time : floor) {
        y += 10;
        least = std::max(least, time) + static_cast<double>(random_.below(1000));
        time = least;
        curve_.points.push_back(point(x, y, time));
      }
    }
  }

  const OpCurve& curve() const { return curve_; }
  double between(double low, double high) { return low + (high - low) * random_.uniform(); }
  double time(double x, double y) const { return curve_time(curve_, kByteRate, x, y).ns; }

 private:
  RandomStream random_;
  OpCurve curve_;
};

TEST(OpCurve, IsExactAtPointsMonotoneAndContinuous) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    RandomCurve random(seed);
    const auto& points = random.curve().points;
    for (const OpPoint& p : points) {
      const OpAnswer answer = curve_time(random.curve(), kByteRate, p.x, p.y);
      EXPECT_EQ(answer.ns, p.ns);
      EXPECT_EQ(answer.answered, Answered::measured);
    }
    const double first = points.front().x, last = points.back().x;
    for (int i = 0; i < 50; ++i) {
      const double x = random.between(first, last), y = random.between(10, 60);
      const double more_x = random.between(x, last), more_y = random.between(y, 60);
      const double here = random.time(x, y), slack = 1e-9 * here;
      EXPECT_LE(here, random.time(more_x, y) + slack);
      EXPECT_LE(here, random.time(x, more_y) + slack);
      EXPECT_GE(here, points.front().ns - slack);
      EXPECT_LE(here, points.back().ns + slack);
    }
    // Also across points and beyond the boundary. No two points rise by more than 6,000 ns, and
    // beyond them times at most double where the roof does.
    for (int i = 0; i < 50; ++i) {
      const double x = random.between(0.5 * first, 1.5 * last), y = random.between(2, 90);
      const double near = random.time(x + 1e-6, y + 1e-6);
      EXPECT_NEAR(random.time(x, y), near, 0.5) << x << ", " << y;
    }
  }
}

}  // namespace
}  // namespace inferbench

#include "harness/base/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace inferbench {
namespace {

constexpr int kDraws = 200'000;

struct Moments {
  double mean = 0, variance = 0;
};

template <class Draw>
Moments moments(Draw draw) {
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = draw();
    sum += x, squares += x * x;
  }
  const double mean = sum / kDraws;
  return {mean, squares / kDraws - mean * mean};
}

TEST(Random, EqualSeedAndNameGiveEqualNumbers) {
  RandomStream a = Random(7).stream("arrivals"), b = Random(7).stream("arrivals");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.bits(), b.bits());
}

TEST(Random, StreamsOfOtherNamesSeedsAndIndicesDiffer) {
  const std::uint64_t here = Random(7).stream("arrivals").bits();
  EXPECT_NE(here, Random(7).stream("lengths").bits());
  EXPECT_NE(here, Random(8).stream("arrivals").bits());
  EXPECT_NE(Random(7).stream("x").at(0).bits(), Random(7).stream("x").at(1).bits());
}

// The standard error of a mean of 200,000 draws is 0.0022 standard deviations; 5 of them.
TEST(Random, SamplersHaveTheirDistributionsMoments) {
  RandomStream r = Random(1).stream("moments");
  const auto expect = [](Moments m, double mean, double variance) {
    EXPECT_NEAR(m.mean, mean, 0.012 * std::sqrt(variance));
    EXPECT_NEAR(m.variance, variance, 0.06 * variance);
  };
  expect(moments([&] { return r.uniform(); }), 0.5, 1.0 / 12);
  expect(moments([&] { return r.exponential(3.0); }), 3.0, 9.0);
  expect(moments([&] { return r.normal(5.0, 2.0); }), 5.0, 4.0);
  expect(moments([&] { return r.gamma(2.5, 2.0); }), 5.0, 10.0);
  expect(moments([&] { return r.gamma(0.5, 2.0); }), 1.0, 2.0);
  expect(moments([&] { return r.weibull(2.0, 1.0); }), std::tgamma(1.5),
         std::tgamma(2.0) - std::pow(std::tgamma(1.5), 2));
  expect(moments([&] { return static_cast<double>(r.between(1, 6)); }), 3.5, 35.0 / 12);
}

}  // namespace
}  // namespace inferbench

#include <cmath>
#include <vector>

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/synthetic/arrival_process.hpp"

namespace inferbench {
namespace {

std::vector<double> arrivals(GapFamily family, double shape, RateProfile rate, int n,
                             std::uint64_t seed = 0) {
  ArrivalProcess process(family, shape, std::move(rate), RandomStream(seed, "arrivals"));
  std::vector<double> times;
  for (int i = 0; i < n; ++i) {
    const auto time = process.next();
    if (!time) break;
    times.push_back(*time);
  }
  return times;
}

struct GapMoments {
  double mean = 0, cv = 0;
};

GapMoments gaps(const std::vector<double>& times) {
  double sum = 0, squares = 0;
  const auto n = static_cast<double>(times.size() - 1);
  for (std::size_t i = 1; i < times.size(); ++i) {
    const double gap = times[i] - times[i - 1];
    sum += gap;
    squares += gap * gap;
  }
  const double mean = sum / n;
  return {mean, std::sqrt(squares / n - mean * mean) / mean};
}

TEST(ArrivalProcess, PoissonGapsHaveTheirMeanAndCv1) {
  const GapMoments m = gaps(arrivals(GapFamily::poisson, 1, RateProfile::constant(4), 100'000));
  EXPECT_NEAR(m.mean, 0.25, 0.004);
  EXPECT_NEAR(m.cv, 1, 0.02);
}

TEST(ArrivalProcess, GammaBurstinessSetsTheCv) {
  // vLLM: shape k = burstiness, so CV = 1 / sqrt(k).
  for (const double burstiness : {0.25, 1.0, 4.0}) {
    const GapMoments m =
        gaps(arrivals(GapFamily::gamma, burstiness, RateProfile::constant(4), 100'000));
    EXPECT_NEAR(m.mean, 0.25, 0.008) << burstiness;
    EXPECT_NEAR(m.cv, 1 / std::sqrt(burstiness), 0.05) << burstiness;
  }
}

TEST(ArrivalProcess, WeibullShapeIsFoundFromTheCv) {
  EXPECT_NEAR(weibull_shape_of_cv(1), 1, 1e-9);  // k = 1 is exponential
  // k = 0.5: mean 2, mean square gamma(5) = 24, so CV^2 = 24 / 4 - 1 = 5.
  EXPECT_NEAR(weibull_shape_of_cv(std::sqrt(5.0)), 0.5, 1e-9);
  const GapMoments m =
      gaps(arrivals(GapFamily::weibull, weibull_shape_of_cv(2), RateProfile::constant(4), 200'000));
  EXPECT_NEAR(m.mean, 0.25, 0.008);
  EXPECT_NEAR(m.cv, 2, 0.1);
}

TEST(ArrivalProcess, ConstantStartsAtZeroAndAtOnceStaysThere) {
  EXPECT_EQ(arrivals(GapFamily::constant, 1, RateProfile::constant(4), 4),
            (std::vector<double>{0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(arrivals(GapFamily::at_once, 1, RateProfile::constant(1), 3),
            (std::vector<double>{0, 0, 0}));
}

TEST(ArrivalProcess, ALinearRampBeginsSlowlyAndThenStays) {
  // Rate 0 to 4 over 10 s: t^2 / 5 requests by t, 20 in all; then 4 per second.
  const auto times = arrivals(GapFamily::constant, 1, parse_rate("ramp(0,4,10s)", "rate"), 25);
  EXPECT_DOUBLE_EQ(times[0], 0);
  EXPECT_NEAR(times[5], 5, 1e-9);
  EXPECT_NEAR(times[20], 10, 1e-9);
  EXPECT_NEAR(times[24], 11, 1e-9);
}

TEST(ArrivalProcess, AnExponentialRampGrowsByAFactor) {
  // Rate 1 to e over 1 s is e^t, whose integral is e^t - 1: one request by ln 2.
  RateProfile rate = parse_rate("ramp(1,2.718281828459045,1s,exponential)", "rate");
  EXPECT_NEAR(rate.time_of(1).value(), std::log(2), 1e-9);
  EXPECT_NEAR(rate.time_of(std::exp(1.0) - 1).value(), 1, 1e-9);
  EXPECT_NEAR(rate.time_of(std::exp(1.0) - 1 + std::exp(1.0)).value(), 2, 1e-9);
}

TEST(ArrivalProcess, StagesEnd) {
  // 2 per second for 2 s, nothing for 3 s, 1 per second for 2 s: 4 + 0 + 2 requests.
  const auto times =
      arrivals(GapFamily::constant, 1, parse_rate("stages(2x2s,0x3s,1x2s)", "rate"), 99);
  EXPECT_EQ(times, (std::vector<double>{0, 0.5, 1, 1.5, 5, 6}));
}

TEST(ArrivalProcess, EveryFamilyKeepsTheRateOfEveryStage) {
  for (const GapFamily family : {GapFamily::poisson, GapFamily::gamma, GapFamily::weibull}) {
    const auto times =
        arrivals(family, 0.8, parse_rate("stages(20x500s,80x500s)", "rate"), 1'000'000);
    int first = 0;
    for (const double time : times) first += time < 500 ? 1 : 0;
    EXPECT_NEAR(first, 10'000, 700);
    EXPECT_NEAR(static_cast<double>(times.size()), 50'000, 2000);
  }
}

TEST(ArrivalProcess, TheFirstArrivalsOfALongRunAreThoseOfAShortOne) {
  const auto few = arrivals(GapFamily::gamma, 0.5, RateProfile::constant(1), 100);
  const auto many = arrivals(GapFamily::gamma, 0.5, RateProfile::constant(1), 1000);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(RateProfile, ScalesAndAverages) {
  EXPECT_DOUBLE_EQ(parse_rate("stages(2x60s,8x30s)", "").mean_rate(), (120 + 240) / 90.0);
  EXPECT_DOUBLE_EQ(parse_rate("3", "").mean_rate(), 3);
  EXPECT_DOUBLE_EQ(parse_rate("ramp(1,3,10s)", "").scaled(2).mean_rate(), 4);
  EXPECT_FALSE(parse_rate("3", "").finite());
  EXPECT_TRUE(parse_rate("stages(1x1s)", "").finite());
}

TEST(RateProfile, RatesThatAreNoneAreRefused) {
  for (const char* text :
       {"0", "-1", "fast", "ramp(1,2)", "ramp(1,2,0s)", "ramp(0,0,5s)", "ramp(0,2,5s,exponential)",
        "ramp(1,2,5s,cubic)", "stages()", "stages(2)", "stages(0x5s)", "stages(-1x5s)",
        "stages(2x0s)", "steps(1x5s)"}) {
    EXPECT_THROW(parse_rate(text, "rate"), Error) << text;
  }
}

}  // namespace
}  // namespace inferbench

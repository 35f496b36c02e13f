#include "kernels/shapes/expert_draw.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace inferbench {
namespace {

// Density ~ 1/x between 1 and 6,553.6: half of the draws lie below the square root.
TEST(ExpertDraw, PowerLawRunsFromOneToItsRange) {
  for (const double exponent : {0.6, 1.0, 1.2}) {
    EXPECT_NEAR(power_law(0.0, exponent), 1.0, 1e-12);
    EXPECT_NEAR(power_law(1.0, exponent), 6553.6, 1e-6);
  }
  EXPECT_NEAR(power_law(0.5, 1.0), std::sqrt(6553.6), 1e-9);
}

TEST(ExpertDraw, AnExponentOfZeroMakesAllAlike) {
  EXPECT_EQ(expert_popularity(3, 0, Random(1).stream("x")), (std::vector<double>{1, 1, 1}));
}

TEST(ExpertDraw, ATokenPicksAnExpertAtMostOnce) {
  const std::vector<double> popularity = {1000, 1, 1, 1};
  ExpertPicks picks(popularity, Random(3).stream("x"));
  for (int token = 0; token < 200; ++token) {
    picks.next_token();
    std::set<std::size_t> seen;
    for (int k = 0; k < 4; ++k) seen.insert(picks.pick());
    EXPECT_EQ(seen.size(), 4U);
  }
}

// Of two picks among weights 2, 1, 1 the first expert is in 1/2 + 1/2 * 2/3 = 5/6 of the pairs.
TEST(ExpertDraw, PopularityDecidesHowOftenAnExpertIsPicked) {
  const std::vector<double> popularity = {2, 1, 1};
  ExpertPicks picks(popularity, Random(5).stream("x"));
  constexpr int kTokens = 20'000;
  int first = 0;
  for (int token = 0; token < kTokens; ++token) {
    picks.next_token();
    for (int k = 0; k < 2; ++k) first += picks.pick() == 0 ? 1 : 0;
  }
  EXPECT_NEAR(first / static_cast<double>(kTokens), 5.0 / 6.0, 0.01);
}

// The best two of logits drawn for weights 2, 1, 1: the same 5/6.
TEST(ExpertDraw, TopKOfRouterLogitsIsSuccessiveSampling) {
  constexpr std::size_t kTokens = 20'000;
  const std::vector<float> logits = router_logits({2, 1, 1}, kTokens, Random(5).stream("x"));
  int first = 0;
  for (std::size_t t = 0; t < kTokens; ++t) {
    const float* l = logits.data() + 3 * t;
    first += l[0] > l[1] || l[0] > l[2] ? 1 : 0;
  }
  EXPECT_NEAR(first / static_cast<double>(kTokens), 5.0 / 6.0, 0.01);
}

}  // namespace
}  // namespace inferbench

#include "harness/metrics/slo.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_slo(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Slo, ReadsLimitsWithUnits) {
  const Slo slo = parse_slo("ttft_p99=2s,tpot_p99.9=50ms,e2e_mean=0.5min,itl_median=300us");
  ASSERT_EQ(slo.constraints.size(), 4U);
  EXPECT_EQ(label(slo.constraints[0]), "ttft_p99 <= 2,000 ms");
  EXPECT_EQ(label(slo.constraints[1]), "tpot_p99.9 <= 50 ms");
  EXPECT_EQ(label(slo.constraints[2]), "e2e_mean <= 30,000 ms");
  EXPECT_EQ(label(slo.constraints[3]), "itl_p50 <= 0.3 ms");
}

TEST(Slo, KnowsOtherToolsNames) {
  EXPECT_EQ(parse_slo("e2el_p99=3s").constraints[0].metric, "e2e");
}

TEST(Slo, ASpeedIsAFloor) {
  const SloConstraint constraint = parse_slo("tps_user_p10=20").constraints[0];
  EXPECT_EQ(label(constraint), "tps_user_p10 >= 20 tokens/s");
  EXPECT_TRUE(constraint.met_by(21));
  EXPECT_FALSE(constraint.met_by(19));
}

TEST(Slo, MlperfsTableHasItsNumbers) {
  const Slo slo = parse_slo("mlperf:llama2-70b:interactive");
  ASSERT_EQ(slo.constraints.size(), 2U);
  EXPECT_EQ(label(slo.constraints[0]), "ttft_p99 <= 450 ms");
  EXPECT_EQ(label(slo.constraints[1]), "tpot_p99 <= 40 ms");
}

TEST(Slo, EveryNamedSloCanBeRead) {
  for (const NamedSlo& named : named_slos()) {
    EXPECT_FALSE(parse_slo(named.name).constraints.empty()) << named.name;
    EXPECT_FALSE(named.source.empty());
  }
}

TEST(Slo, RefusesWhatItCannotMean) {
  EXPECT_NE(refusal("ttft_p99=2000").find("unit is missing"), std::string::npos);
  EXPECT_NE(refusal("ttft=2s").find("ttft_p99"), std::string::npos);
  EXPECT_NE(refusal("tfft_p99=2s").find("ttft"), std::string::npos);
  EXPECT_NE(refusal("ttft_p100=2s").find("0 < NN < 100"), std::string::npos);
  EXPECT_NE(refusal("ttft_p99=fast").find("number"), std::string::npos);
  EXPECT_NE(refusal("ttft_p99=2parsec").find("parsec"), std::string::npos);
  EXPECT_NE(refusal("ttft_p99=-2s").find("above zero"), std::string::npos);
  EXPECT_NE(refusal("ttft_p99=2s,").find("metric_statistic"), std::string::npos);
  EXPECT_NE(refusal("ttft_p99=2s,ttft_p99=3s").find("twice"), std::string::npos);
  EXPECT_NE(refusal("mlperf:llama2-70b:interactiv").find("mlperf:llama2-70b:interactive"),
            std::string::npos);
  EXPECT_NE(refusal("").find("SLO"), std::string::npos);
}

// AIPerf's p99 of tokens/s/user is the fastest user, InferenceX's the slowest.
TEST(Slo, RefusesTheFastTailOfASpeed) {
  EXPECT_NE(refusal("tps_user_p99=20").find("tps_user_p1"), std::string::npos);
}

}  // namespace
}  // namespace inferbench

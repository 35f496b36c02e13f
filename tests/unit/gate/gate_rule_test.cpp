#include "results/gate/gate_rule.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

TEST(GatePlan, SpendsTheWholeOfItsErrorRatesAndNoMore) {
  for (const std::size_t series : {1U, 8U, 24U, 100U}) {
    const GatePlan plan({}, series);
    double alpha = 0, beta = 0;
    for (const GateLook& look : plan.looks()) {
      EXPECT_GT(look.alpha, 0);
      EXPECT_GT(look.beta, 0);
      alpha += look.alpha, beta += look.beta;
    }
    EXPECT_NEAR(alpha * static_cast<double>(series), 0.01, 1e-15);
    EXPECT_NEAR(beta, 0.005, 1e-15);
  }
}

// The third of ten looks, of eight series: alpha 0.01 / 8 * (18 - 14) / 160; beta
// 0.005 * (sqrt(18 / 160) - sqrt(14 / 160)); an interval at 95 % has 0.025 * 4 / 160 on each side.
TEST(GatePlan, SpendsAtALookWhatItsBlocksAdd) {
  const GatePlan plan({}, 8);
  const GateLook* look = plan.look_at(18);
  ASSERT_NE(look, nullptr);
  EXPECT_NEAR(look->alpha, 3.125e-5, 1e-18);
  EXPECT_NEAR(look->beta, 0.005 * (std::sqrt(18 / 160.0) - std::sqrt(14 / 160.0)), 1e-17);
  EXPECT_NEAR(plan.interval_level(*look, 0.95), 0.000625, 1e-15);
  EXPECT_EQ(look->table.size(), 18U);
  EXPECT_EQ(plan.look_at(17), nullptr);
}

// Ten blocks can all lie below the target, 2^-10 of chance, and that is the least with which a
// series may pass: 0.005 * sqrt(10 / 160) = 0.00125. Nothing can regress before the 18th block.
TEST(GatePlan, LetsASeriesPassAtTheFirstLook) {
  const GatePlan plan({}, 24);
  EXPECT_LE(plan.looks().front().table.at_least(55), plan.looks().front().beta);
  for (const GateLook& look : plan.looks()) {
    EXPECT_EQ(look.table.critical(look.alpha).has_value(), look.blocks >= 18) << look.blocks;
  }
}

void expect_refused_rule(const GateRule& rule, const std::string& option) {
  try {
    check_gate_rule(rule);
    ADD_FAILURE() << option << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.place(), option);
    EXPECT_NE(error.rule(), "");
  }
}

TEST(GateRule, RefusesWhatNoTestCanKeep) {
  expect_refused_rule({.margin = -0.01}, "--margin");
  expect_refused_rule({.margin = std::nan("")}, "--margin");
  expect_refused_rule({.margin = 0.05, .target = 0.05}, "--target");
  expect_refused_rule({.alpha = 0}, "--alpha");
  expect_refused_rule({.beta = 0.7}, "--beta");
}

}  // namespace
}  // namespace inferbench

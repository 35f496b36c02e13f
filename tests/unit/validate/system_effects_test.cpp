#include "harness/validate/system_effects.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace inferbench {
namespace {

std::vector<ServingPoint> small_points() {
  std::vector<ServingPoint> points;
  for (const std::int64_t users : {1, 8, 32}) {
    for (const std::int64_t tp : {1, 4}) {
      ServingPoint point{.place = "t:1",
                         .set = "s",
                         .model = "llama-3-8b",
                         .gpu = "h100",
                         .engine = "e",
                         .precision = "bf16",
                         .parallel = {.tp = tp},
                         .isl = Tokens(256),
                         .osl = Tokens(32)};
      point.users = users;
      points.push_back(std::move(point));
    }
  }
  return points;
}

TEST(SystemEffects, EachIsReadBackAsItWasSet) {
  CostProfile profile = find_cost_profile("default");
  for (const SystemEffect& effect : system_effects()) {
    effect.set(profile, effect.most);
    EXPECT_NEAR(effect.get(profile), effect.most, 1e-9 * effect.most) << effect.name;
    EXPECT_LE(effect.least, effect.first) << effect.name;
    EXPECT_LE(effect.first, effect.most) << effect.name;
  }
}

// A prediction twice the measurement in every metric: ln 2 of TPOT and tokens/s/GPU, half of it of
// TTFT. Ten times: each at most ln 4.
TEST(SystemEffects, MisfitByHand) {
  ServingPoint point = small_points().front();
  point.tpot_ms = 10, point.ttft_ms = 100, point.tokens_s_gpu = 5;
  ServingPrediction twice;
  twice.tpot_ms = 20, twice.ttft_ms = 200, twice.tokens_s_gpu = 10;
  ServingPrediction tenfold = twice;
  tenfold.tpot_ms = 100, tenfold.ttft_ms = 1000, tenfold.tokens_s_gpu = 50;
  const std::vector<ScoredPoint> near = {{&point, twice}}, far = {{&point, tenfold}};
  EXPECT_NEAR(misfit(near), 2.5 * std::log(2.0), 1e-12);
  EXPECT_NEAR(misfit(far), 2.5 * std::log(4.0), 1e-12);
}

// Measurements made by the model itself under known effects: the fit comes near them.
TEST(SystemEffects, AFitFindsWhatMadeTheMeasurements) {
  std::vector<ServingPoint> points = small_points();
  CostProfile truth = find_cost_profile("default");
  for (const SystemEffect& effect : system_effects()) effect.set(truth, effect.first);
  system_effects()[0].set(truth, 60);    // request_us
  system_effects()[4].set(truth, 5000);  // latency_us
  for (ServingPoint& point : points) {
    const ServingPrediction made = predict(point, truth);
    point.ttft_ms = made.ttft_ms, point.tpot_ms = made.tpot_ms;
    point.tokens_s_gpu = made.tokens_s_gpu;
  }
  const CostProfile fitted = fit_effects(points, find_cost_profile("default"), 1);
  EXPECT_LT(misfit(predict_all(points, fitted, 1)), 0.05);
  EXPECT_NEAR(system_effects()[0].get(fitted), 60, 10);
  EXPECT_NEAR(system_effects()[4].get(fitted), 5000, 800);
}

}  // namespace
}  // namespace inferbench

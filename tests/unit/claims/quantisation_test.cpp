#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/registry.hpp"

namespace inferbench {
namespace {

Numbers errors(const nlohmann::json& more) {
  nlohmann::json all = {{"rows", 32}, {"in_features", 512}, {"out_features", 32}};
  all.update(more);
  const JsonObject inputs(all, "test");
  return find_measure("quantisation_errors", "test").function(inputs, shipped_world());
}

double db(const Numbers& numbers, const std::string& mode) {
  return std::get<std::vector<double>>(*numbers.find(mode + "_sqnr_db")).front();
}

// Uniform rounding of near-normal numbers to steps of largest/127: with a largest of about 3
// deviations the error is 3 / 127 / sqrt(12) of one, 43 dB, and a little less for larger maxima.
TEST(QuantisationErrors, Int8WeightsLoseWhatRoundingToTheirStepLoses) {
  const double found = db(errors(nlohmann::json::object()), "w8a16");
  EXPECT_GT(found, 40);
  EXPECT_LT(found, 44);
}

// A floating format's relative error does not care for outliers; one step for a whole row does.
TEST(QuantisationErrors, OutlierChannelsHurtInt8ActivationsAndNotFp8) {
  for (int seed = 1; seed <= 5; ++seed) {
    const Numbers even = errors({{"seed", seed}});
    const Numbers uneven = errors({{"seed", seed}, {"outlier_every", 64}, {"outlier_size", 20}});
    EXPECT_GT(db(even, "w8a8"), db(uneven, "w8a8") + 6);
    EXPECT_NEAR(db(even, "fp8"), db(uneven, "fp8"), 2);
    EXPECT_GT(db(uneven, "w8a8_smooth"), db(uneven, "w8a8") + 6);
  }
}

TEST(QuantisationErrors, SizesThatCannotBeAreRefused) {
  EXPECT_THROW(errors({{"rows", 0}}), Error);
  EXPECT_THROW(errors({{"outlier_every", -1}}), Error);
}

}  // namespace
}  // namespace inferbench

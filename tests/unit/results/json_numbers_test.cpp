#include "results/json_numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace inferbench {
namespace {

using nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(JsonIntegers, BecomeStringsWhereADoubleWouldRoundThem) {
  const std::uint64_t exact = std::uint64_t{1} << 53;
  EXPECT_EQ(json_integer(exact).dump(), "9007199254740992");
  EXPECT_EQ(json_integer(exact + 1).dump(), "\"9007199254740993\"");
  EXPECT_EQ(json_integer(-static_cast<std::int64_t>(exact) - 1).dump(), "\"-9007199254740993\"");
}

TEST(JsonIntegers, ComeBackFromEitherForm) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1} << 53, std::numeric_limits<std::uint64_t>::max()}) {
    EXPECT_EQ(read_unsigned(json_integer(value)), value);
  }
  for (const std::int64_t value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-5},
                                   std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(read_signed(json_integer(value)), value);
  }
  for (const char* wrong :
       {"\"12x\"", "\"\"", "1.5", "-1", "true", "\"99999999999999999999999\""}) {
    EXPECT_THROW(read_unsigned(ordered_json::parse(wrong)), std::invalid_argument) << wrong;
  }
}

TEST(PutNumber, SaysWhyANumberIsMissing) {
  ordered_json object = ordered_json::object();
  put_number(object, "p50", 1.5, "unused");
  put_number(object, "p99", std::nullopt, "3 samples are too few");
  put_number(object, "mean", kNaN, "unused");
  put_number(object, "max", kInfinity, "unused");
  EXPECT_EQ(object.dump(),
            "{\"p50\":1.5,\"absent\":{\"p99\":\"3 samples are too few\","
            "\"mean\":\"not a number (NaN)\",\"max\":\"infinite\"}}");
}

TEST(SafeNumbers, ReachEveryDepthAndKeepOrder) {
  const ordered_json json = {
      {"z", kNaN},
      {"a", {{"deep", -kInfinity}, {"kept", 2}}},
      {"list", ordered_json::array({1.5, kNaN, ordered_json{{"x", kInfinity}}})},
      {"big", std::numeric_limits<std::uint64_t>::max()}};
  EXPECT_EQ(
      with_safe_numbers(json).dump(),
      "{\"a\":{\"kept\":2,\"absent\":{\"deep\":\"negative infinite\"}},"
      "\"list\":[1.5,null,{\"absent\":{\"x\":\"infinite\"}}],\"big\":\"18446744073709551615\","
      "\"absent\":{\"z\":\"not a number (NaN)\"}}");
}

// 2^53 is the last whole number that a double tells from its neighbours; -0.0 is 0.
TEST(WholeNumbers, BecomeIntegersAtEveryDepth) {
  ordered_json json = ordered_json::parse(
      R"({"a": 1.0, "b": [2.5, -3.0, 1e3, -0.0], "c": 9007199254740992.0, "d": 1e300, "e": "1.0"})");
  write_whole_numbers_as_integers(json);
  EXPECT_EQ(json.dump(),
            R"({"a":1,"b":[2.5,-3,1000,0],"c":9007199254740992,"d":1e+300,"e":"1.0"})");
  EXPECT_TRUE(json["a"].is_number_unsigned());
  EXPECT_EQ(read_unsigned(5.0), 5U);
  EXPECT_EQ(read_signed(-5.0), -5);
  EXPECT_THROW(read_unsigned(5.5), std::invalid_argument);
  EXPECT_THROW(read_unsigned(-5.0), std::invalid_argument);
}

TEST(KeyWithUnit, CarriesTheUnitOnce) {
  EXPECT_EQ(key_with_unit("ttft", "ms"), "ttft_ms");
  EXPECT_EQ(key_with_unit("output_tps_gpu", "tokens/s"), "output_tps_gpu_tokens_per_s");
  EXPECT_EQ(key_with_unit("slo_attainment", "1"), "slo_attainment");
  EXPECT_EQ(key_with_unit("slo_attainment", ""), "slo_attainment");
  EXPECT_EQ(key_with_unit("kv_use", "%"), "kv_use_percent");
  EXPECT_EQ(key_with_unit("requests", "requests"), "requests");
  EXPECT_EQ(key_with_unit("queue_ms", "ms"), "queue_ms");
}

TEST(PercentileKey, IsTheShortestSpelling) {
  EXPECT_EQ(percentile_key(50), "p50");
  EXPECT_EQ(percentile_key(99.9), "p99.9");
  EXPECT_EQ(percentile_key(99.99), "p99.99");
}

}  // namespace
}  // namespace inferbench

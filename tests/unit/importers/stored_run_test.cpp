#include "results/importers/stored_run.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/compare/stored_comparison.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

TEST(StoredRun, LeavesInfinitiesInTextAlone) {
  EXPECT_EQ(without_bare_infinities(R"({"NaN": NaN, "a\"nan": [-inf, "Infinity"], "b": 1e5})"),
            R"({"NaN": null, "a\"nan": [null, "Infinity"], "b": 1e5})");
}

// The replay of results_test: its TTFT has a mean and percentiles, rates are those of its windows.
TEST(StoredRun, ReadsAReplay) {
  const StoredRun run = parse_stored_run(to_json_text(sample_result()), "r.json");
  EXPECT_EQ(run.format, "inferbench replay");
  EXPECT_TRUE(run.exact);
  EXPECT_EQ(run.metrics.at("ttft mean").unit, "ms");
  EXPECT_EQ(run.metrics.at("ttft mean").better, Better::lower);
  EXPECT_EQ(run.metrics.at("output_tps_gpu (full window)").value, 1.375);
  EXPECT_EQ(run.metrics.at("output_tps_gpu (full window)").better, Better::higher);
  EXPECT_TRUE(run.configuration.contains("deployment/gpu"));
  EXPECT_FALSE(run.absent.empty());
}

// Every integer of the file as another writer may put it, 5 as 5.0: the same run.
TEST(StoredRun, DoesNotTellOneFromOnePointZero) {
  const std::string text = to_json_text(sample_result());
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(text);
  const auto with_points = [](const auto& self, nlohmann::ordered_json& value) -> void {
    for (nlohmann::ordered_json& inner : value) {
      if (inner.is_structured()) self(self, inner);
      if (inner.is_number_integer()) inner = inner.get<double>();
    }
  };
  with_points(with_points, json);
  ASSERT_NE(json.dump().find("\"gpus\":4.0"), std::string::npos);
  const StoredRun run = parse_stored_run(text, "a"), other = parse_stored_run(json.dump(), "b");
  EXPECT_EQ(run.configuration, other.configuration);
  EXPECT_EQ(run.environment, other.environment);
  EXPECT_EQ(verdict(compare_stored(run, other, 0.01)), GateVerdict::pass);
}

std::string refused(const std::string& text) {
  try {
    parse_stored_run(text, "x.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(StoredRun, RefusesWhatItCannotRead) {
  for (const char* text : {"", "[]", "12", "{\"benchmarks\": []}", "{\"a\": 1}",
                           R"({"context": {}, "benchmarks": []})",
                           R"({"context": {}, "benchmarks": [{"real_time": 1}]})",
                           R"({"context": {}, "benchmarks": [{"name": "a", "real_time": 0}]})",
                           R"({"schema": {"id": "inferbench.run-result", "version": "9.0.0"}})"}) {
    const std::string message = refused(text);
    EXPECT_TRUE(message.starts_with("x.json")) << text << ": " << message;
  }
  EXPECT_NE(refused(R"({"context": {}, "benchmarks":
                       [{"name": "a", "real_time": 1, "time_unit": "weeks"}]})")
                .find("time_unit \"weeks\""),
            std::string::npos);
}

}  // namespace
}  // namespace inferbench

#include "results/compare/stored_run.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

// What a Google Benchmark file may hold that JSON may not, and what is easy to misread: a NaN and
// an Infinity, an aggregate, an error, repetitions, another time unit, a counter named as a key is.
constexpr const char* kTraps = R"({
  "context": {"num_cpus": 2, "library_build_type": "release", "host_name": "NaN"},
  "benchmarks": [
    {"name": "a", "run_name": "a", "run_type": "iteration", "repetitions": 3, "real_time": 1.0,
     "cpu_time": 1.0, "time_unit": "us", "bytes_per_second": Infinity, "quote\"NaN": nan},
    {"name": "a", "run_name": "a", "run_type": "iteration", "real_time": 3.0, "time_unit": "us"},
    {"name": "a", "run_name": "a", "run_type": "iteration", "real_time": 2.0, "time_unit": "us"},
    {"name": "a_cv", "run_name": "a", "run_type": "aggregate", "aggregate_name": "cv",
     "aggregate_unit": "percentage", "real_time": NaN, "time_unit": "us"},
    {"name": "b", "run_name": "b", "run_type": "iteration", "error_occurred": true,
     "error_message": "no AVX-512"},
    {"name": "c", "run_name": "c", "run_type": "iteration", "real_time": -inf, "time_unit": "ns"},
    {"name": "old", "real_time": 7, "cpu_time": 7, "time_unit": "ms"}
  ]})";

TEST(StoredRun, ReadsGoogleBenchmarkWithItsTraps) {
  const StoredRun run = parse_stored_run(kTraps, "g.json");
  EXPECT_EQ(run.format, "Google Benchmark");
  EXPECT_FALSE(run.exact);
  ASSERT_EQ(run.metrics.size(), 2U);
  EXPECT_EQ(run.metrics.at("a").value, 2000);
  EXPECT_EQ(run.metrics.at("a").unit, "ns");
  EXPECT_FALSE(run.metrics.at("a").interval);  // three repetitions are too few
  EXPECT_EQ(run.metrics.at("old").value, 7e6);
  EXPECT_EQ(run.absent.at("b"), "no AVX-512");
  EXPECT_EQ(run.absent.at("c"), "no real_time");
  EXPECT_EQ(run.environment.at("num_cpus"), "2");
}

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

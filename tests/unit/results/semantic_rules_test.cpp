// Each rule that a schema cannot state, broken once.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "results/run_result.hpp"
#include "results/validate.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

// The one violation after replacing the value at `pointer`; "" when there is none.
std::string violated(const std::string& pointer, const json& value) {
  json document = json::parse(to_json_text(sample_result()));
  document[json::json_pointer(pointer)] = value;
  const std::vector<Violation> violations = validate_run_result(document.dump());
  EXPECT_LE(violations.size(), 1U) << pointer;
  return violations.empty() ? "" : violations[0].pointer + ": " + violations[0].problem;
}

const std::string kTtft = "/summary/distributions/ttft_ms";

TEST(SemanticRules, OutcomesAddUp) {
  EXPECT_EQ(
      violated("/summary/outcomes/completed", 3),
      "/summary/outcomes: completed + rejected + cancelled + failed + unfinished = 4 differs from "
      "requests = 5");
}

TEST(SemanticRules, RecordsCoverAllRequests) {
  EXPECT_EQ(violated("/records", {{"requests", 4}, {"sha256", std::string(64, 'c')}}),
            "/records/requests: 4 records for 5 requests");
}

TEST(SemanticRules, QuantilesNeverDecrease) {
  EXPECT_EQ(violated(kTtft + "/percentiles/p90", 200.5),
            kTtft + "/percentiles/p90: 200.5 is less than percentiles/p50 = 275.0");
  EXPECT_EQ(violated(kTtft + "/min", 280),
            kTtft + "/percentiles/p50: 275.0 is less than min = 280.0");
  EXPECT_EQ(violated(kTtft + "/percentiles/p90", 501),
            kTtft + "/max: 500.0 is less than percentiles/p90 = 501.0");
}

TEST(SemanticRules, MeansLieAmongTheSamples) {
  EXPECT_EQ(violated(kTtft + "/mean", 501.0), kTtft + "/mean: 501.0 lies outside [min, max]");
  EXPECT_EQ(violated(kTtft + "/stddev", -1), kTtft + "/stddev: is negative");
  EXPECT_EQ(violated(kTtft + "/count", 0), kTtft + "/mean: has a value of 0 samples");
}

TEST(SemanticRules, LatencyPartsAddUp) {
  const auto latency = [](double gemm, double prefill) {
    return json::array({{{"metric", "ttft"},
                         {"over", "all"},
                         {"count", 4},
                         {"mean_ms", 10.0},
                         {"parts_ms", {{"queue", 8.0}, {"gemm", gemm}}},
                         {"prefill_ms", prefill},
                         {"hidden_collectives_ms", 0.0}}});
  };
  const std::string place = "/summary/latency_parts/0/";
  EXPECT_EQ(violated("/summary/latency_parts", latency(2, 2)), "");
  EXPECT_EQ(violated("/summary/latency_parts", latency(2.5, 2)),
            place + "parts_ms: parts add up to 10.500000 ms, the mean is 10.000000 ms");
  EXPECT_EQ(violated("/summary/latency_parts", latency(2, 11)),
            place + "prefill_ms: is more than the parts it is within");
}

TEST(SemanticRules, WindowsBeginBeforeTheyEnd) {
  EXPECT_EQ(violated("/summary/windows/0/end_ns", -1),
            "/summary/windows/0/end_ns: is before begin_ns");
  EXPECT_EQ(violated("/summary/windows/1/begin_ns", 0), "");  // harmless alone
  EXPECT_EQ(violated("/summary/windows/1/found", true),
            "/summary/windows/1: has \"begin_ns\" and \"end_ns\" exactly when it was found");
}

TEST(SemanticRules, AWindowThatWasNotFoundHasNoRates) {
  const std::string rate = "/summary/windows/1/rates/output_tps_gpu_tokens_per_s";
  json document = json::parse(to_json_text(sample_result()));
  document[json::json_pointer(rate)].erase("absent");
  document[json::json_pointer(rate)]["value"] = 3;
  const std::vector<Violation> violations = validate_run_result(document.dump());
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].pointer, rate);
}

TEST(SemanticRules, TheHeadlineNamesAWindowThatWasFound) {
  EXPECT_EQ(violated("/summary/headline_window", "steady"),
            "/summary/headline_window: names no window that was found");
}

TEST(SemanticRules, AScalarHasAValueOrAReason) {
  const std::string goodput = "/summary/scalars/request_goodput_requests_per_s";
  EXPECT_EQ(violated(goodput + "/absent", {{"value", "why not"}}),
            goodput + ": has both a value and a reason for its absence");
  EXPECT_EQ(violated("/summary/scalars/tps_user_sys_tokens_per_s/absent", json::object()),
            "/summary/scalars/tps_user_sys_tokens_per_s: has neither a value nor a reason for its "
            "absence");
}

TEST(SemanticRules, AModelledResultClaimsNoMeasurement) {
  EXPECT_EQ(violated("/not_measured", json::array()),
            "/not_measured: a modelled result names what was not measured");
  EXPECT_EQ(violated("/configuration/gemm", {{"method", "measured-device"}}),
            "/configuration/gemm/method: a modelled result cannot hold measured numbers");
  EXPECT_EQ(violated("/configuration/measured_tps", 4),
            "/configuration/measured_tps: a modelled result cannot hold measured numbers");
}

TEST(SemanticRules, TheVerdictAgreesWithItsReasons) {
  EXPECT_EQ(violated("/validity/valid", true),
            "/validity/valid: is true although a reason invalidates the run");
  EXPECT_EQ(violated("/validity/reasons", json::array()),
            "/validity/valid: is false although no reason invalidates the run");
}

TEST(SemanticRules, AnSloIsMetByANumber) {
  EXPECT_EQ(violated("/summary/slo/0/met", true),
            "/summary/slo/0/met: is true without an attained value");
}

TEST(SemanticRules, ARunEndsAfterItStarts) {
  EXPECT_EQ(violated("/provenance/finished_utc", "2026-11-21T09:29:59.999Z"),
            "/provenance/finished_utc: 2026-11-21T09:29:59.999Z is before the start, "
            "2026-11-21T09:30:00.000Z");
}

TEST(SemanticRules, AKindHasItsParts) {
  EXPECT_EQ(violated("/kind", "sweep"), ": a sweep has \"points\"");
}

}  // namespace
}  // namespace inferbench

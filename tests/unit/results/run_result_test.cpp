#include "results/run_result.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/validate.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string without_provenance(const RunResult& result) {
  ordered_json json = ordered_json::parse(to_json_text(result));
  json.erase("provenance");
  return json.dump(2);
}

TEST(RunResult, ComesBackAsItWasWritten) {
  RunResult result = sample_result();
  result.records = {.requests = 5, .sha256 = std::string(64, 'c')};
  result.provenance.records_file = "run.jsonl";
  const std::string text = to_json_text(result);
  EXPECT_EQ(to_json_text(parse_run_result(text, "test")), text);
}

TEST(RunResult, KeepsWhatLatenciesWentTo) {
  RunResult result = sample_result();
  result.summary->latency_parts = {{.metric = "ttft",
                                    .over = "all",
                                    .count = 4,
                                    .mean_ms = 275,
                                    .parts = {{"queue", 200.0}, {"gemm", 75.0}},
                                    .prefill_ms = 75,
                                    .hidden_collectives_ms = 0.5}};
  const std::string text = to_json_text(result);
  EXPECT_TRUE(validate_run_result(text).empty());
  EXPECT_EQ(to_json_text(parse_run_result(text, "test")), text);
}

TEST(RunResult, KeepsEveryPartOfASweep) {
  const ordered_json points = {{{"tps_user", 50.5}, {"fits", true}}, {{"why_not", "memory"}}};
  const RunResult sweep =
      make_sweep_result(Method::modelled, ordered_json{{"model", "m"}}, points,
                        ordered_json{{"frontier", {0}}}, {}, sample_provenance());
  const std::string text = to_json_text(sweep);
  EXPECT_TRUE(validate_run_result(text).empty());
  const RunResult back = parse_run_result(text, "test");
  EXPECT_EQ(to_json_text(back), text);
  EXPECT_EQ(back.kind, RunKind::sweep);
  EXPECT_EQ(back.points.json().size(), 2U);
}

TEST(RunResult, DiffersBetweenEqualRunsInProvenanceOnly) {
  RunResult first = sample_result(), second = sample_result();
  second.provenance.started_utc = "2027-01-01T00:00:00.000Z";
  second.provenance.finished_utc = "2027-01-01T00:00:01.000Z";
  second.provenance.command_line = {"inferbench", "replay", "--json", "elsewhere.json"};
  second.provenance.records_file = "elsewhere.jsonl";
  second.provenance.host->cpu = "Another CPU";
  EXPECT_NE(to_json_text(first), to_json_text(second));
  EXPECT_EQ(without_provenance(first), without_provenance(second));
}

TEST(RunResult, PutsUnitsIntoKeysAndDefinitionsBesideMetrics) {
  const ordered_json json = ordered_json::parse(to_json_text(sample_result()));
  const ordered_json& ttft = json["summary"]["distributions"]["ttft_ms"];
  EXPECT_EQ(ttft["percentiles"]["p50"], 275.0);
  EXPECT_EQ(ttft["percentiles"]["absent"]["p99.9"], "4 samples are too few");
  EXPECT_EQ(ttft["definition"], "first output token minus scheduled arrival; queueing included");
  const ordered_json& window = json["summary"]["windows"][0];
  EXPECT_EQ(window["end_ns"], 2'000'000'000);
  EXPECT_EQ(window["rates"]["output_tps_gpu_tokens_per_s"]["value"], 1.375);
  EXPECT_EQ(
      json["summary"]["windows"][1]["rates"]["output_tps_gpu_tokens_per_s"]["absent"]["value"],
      "no steady state");
}

// A number that is not finite is no number: it is left out, with the reason, wherever it stands.
TEST(RunResult, WritesNoNaNAndNoInfinity) {
  RunResult result = sample_result();
  result.summary->distributions[0].mean = kNaN;
  result.summary->distributions[0].quantiles[0].value = kNaN;
  result.summary->scalars[0].value = std::numeric_limits<double>::infinity();
  result.summary->slo[0].share_of_requests = kNaN;
  ordered_json configuration = result.configuration.json();
  configuration["rate"] = kNaN;
  result.configuration = configuration;
  const std::string text = to_json_text(result);
  EXPECT_TRUE(validate_run_result(text).empty());
  const ordered_json json = ordered_json::parse(text);
  EXPECT_EQ(json["summary"]["distributions"]["ttft_ms"]["absent"]["mean"], "not a number (NaN)");
  EXPECT_EQ(json["summary"]["scalars"]["request_goodput_requests_per_s"]["absent"]["value"],
            "infinite");
  EXPECT_EQ(json["configuration"]["absent"]["rate"], "not a number (NaN)");
}

TEST(RunResult, WritesLargeCountsAndSeedsAsStrings) {
  RunResult result = sample_result();
  result.provenance.seed = std::numeric_limits<std::uint64_t>::max();
  const std::string text = to_json_text(result);
  EXPECT_NE(text.find("\"seed\": \"18446744073709551615\""), std::string::npos);
  EXPECT_EQ(parse_run_result(text, "test").provenance.seed, result.provenance.seed);
}

TEST(RunResult, ReplacesBytesThatAreNoUtf8) {
  RunResult result = sample_result();
  result.provenance.command_line = {"inferbench", "caf\xe9.csv"};
  EXPECT_TRUE(validate_run_result(to_json_text(result)).empty());
}

TEST(RunResult, OfAModelNamesWhatWasNotMeasured) {
  EXPECT_FALSE(sample_result().not_measured.empty());
  EXPECT_TRUE(
      make_run_result(Method::measured_host, ordered_json::object(), {}, {}).not_measured.empty());
}

TEST(RunResult, RefusesAConfigurationThatIsNoObject) {
  EXPECT_THROW(make_run_result(Method::modelled, ordered_json::array(), {}, {}), std::logic_error);
  EXPECT_THROW(make_run_result(Method::modelled, {}, {}, {}), std::logic_error);
}

TEST(WriteRunResult, WritesAWholeFileOrNone) {
  const std::string path = scratch("result.json");
  {
    OutputFile file(path);
    write_run_result(sample_result(), file);
  }
  EXPECT_EQ(to_json_text(read_run_result(path)), to_json_text(sample_result()));

  RunResult broken = sample_result();
  broken.summary->outcomes.completed = 3;  // 3 + 1 of 5 requests
  {
    OutputFile file(path);
    EXPECT_THROW(write_run_result(broken, file), std::logic_error);
  }
  EXPECT_EQ(to_json_text(read_run_result(path)), to_json_text(sample_result()));
}

TEST(ReadRunResult, NamesTheFileTheKeyAndTheWayOut) {
  std::string text = to_json_text(sample_result());
  text.replace(text.find("\"modelled\""), 10, "\"guessed\" ");
  try {
    parse_run_result(text, "run.json");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.place(), "run.json: /method");
    EXPECT_EQ(error.way_out(),
              "`inferbench validate-result run.json` lists everything that is wrong");
  }
  EXPECT_THROW(read_run_result("/no/such/file.json"), Error);
}

TEST(Names, OfKindsAndMethodsReadBack) {
  for (const Method method :
       {Method::modelled, Method::measured_host, Method::measured_device, Method::emulated}) {
    EXPECT_EQ(parse_method(name(method)), method);
  }
  for (const RunKind kind : {RunKind::replay, RunKind::sweep, RunKind::claims, RunKind::kernels}) {
    EXPECT_EQ(parse_run_kind(name(kind)), kind);
  }
  EXPECT_FALSE(parse_method("measured").has_value());
}

}  // namespace
}  // namespace inferbench

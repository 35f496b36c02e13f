// Numbers worked out by hand in serving_figures_test.cpp and sample_run.hpp; whole files in
// tests/golden/results.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/exporters/export.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

constexpr double kTiny = 1e-9;

std::string golden(const std::string& name) {
  return read_file(std::string(INFERBENCH_SOURCE_DIR) + "/tests/golden/results/" + name);
}

// The golden files were computed apart from this code (numpy's formulas in Python): keys and their
// order must be equal, numbers agree within rounding.
void expect_golden(const std::string& text, const std::string& name) {
  const nlohmann::ordered_json ours = nlohmann::ordered_json::parse(text);
  const nlohmann::ordered_json theirs = nlohmann::ordered_json::parse(golden(name));
  std::vector<std::string> our_keys, their_keys;
  for (const auto& [key, value] : ours.items()) our_keys.push_back(key);
  for (const auto& [key, value] : theirs.items()) {
    their_keys.push_back(key);
    if (!value.is_number_float()) {
      EXPECT_EQ(ours.value(key, nlohmann::ordered_json()), value) << key;
    } else {
      EXPECT_NEAR(ours.value(key, 0.0), value.get<double>(), kTiny * value.get<double>()) << key;
    }
  }
  EXPECT_EQ(our_keys, their_keys);
}

bool mentions(const Export& exported, const std::string& text) {
  for (const std::string& note : exported.notes) {
    if (note.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(ExportVllm, HasTheKeysAndUnitsOfBenchServe) {
  const Export exported = export_vllm(sample_result(), sample_records(), {});
  const json file = json::parse(exported.text);
  EXPECT_EQ(file["date"], "20261121-093000");
  EXPECT_EQ(file["model_id"], "llama-3-70b");
  EXPECT_EQ(file["num_prompts"], 5);
  EXPECT_EQ(file["request_rate"], "inf");
  EXPECT_EQ(file["max_concurrency"], 2);
  EXPECT_EQ(file["completed"], 4);
  EXPECT_EQ(file["failed"], 1);
  EXPECT_NEAR(file["duration"], 2.0, kTiny);      // seconds
  EXPECT_NEAR(file["mean_ttft_ms"], 275, kTiny);  // milliseconds
  EXPECT_NEAR(file["std_ttft_ms"], 147.9019945774904, kTiny);
  EXPECT_NEAR(file["p99_tpot_ms"], 245.8, kTiny);
  EXPECT_NEAR(file["median_itl_ms"], 250, kTiny);
  EXPECT_NEAR(file["p99_e2el_ms"], 1464, kTiny);
  EXPECT_NEAR(file["request_goodput"], 1.5, kTiny);
  EXPECT_FALSE(file.contains("ttfts"));
  EXPECT_TRUE(mentions(exported, "p99 of TTFT is of 4 samples; 459 are needed"));
}

TEST(ExportVllm, HasOneElementPerRequestWhenDetailed) {
  ExportOptions options;
  options.detailed = true;
  const json file = json::parse(export_vllm(sample_result(), sample_records(), options).text);
  EXPECT_EQ(file["input_lens"].dump(), "[100,200,50,9999,650]");
  EXPECT_EQ(file["output_lens"].dump(), "[3,2,1,0,5]");
  EXPECT_EQ(file["ttfts"].dump(), "[0.1,0.2,0.3,0.0,0.5]");
  EXPECT_EQ(file["itls"].dump(), "[[0.02,0.03],[0.04],[],[],[0.25,0.25,0.25,0.25]]");
  EXPECT_EQ(file["start_times"].dump(), "[0.0,0.1,0.2,0.25,0.5]");
  EXPECT_EQ(file["queue_times"].dump(), "[0.0,0.05,0.0,0.0,0.0]");
  EXPECT_EQ(file["errors"].dump(), R"(["","","","rejected",""])");
}

TEST(ExportVllm, SpellsPercentilesAndMetadataAsVllmDoes) {
  ExportOptions options;
  options.percentiles = {50, 99.9};
  options.metrics = {"ttft"};
  options.metadata = {{"tensor_parallel_size", "4"}};
  const json file = json::parse(export_vllm(sample_result(), sample_records(), options).text);
  EXPECT_TRUE(file.contains("p50_ttft_ms") && file.contains("p99.9_ttft_ms"));
  EXPECT_FALSE(file.contains("mean_itl_ms"));
  EXPECT_EQ(file["tensor_parallel_size"], "4");
}

// All answers of one token: vLLM would print a TPOT of 0 ms; here there is none.
TEST(ExportVllm, LeavesOutAMetricWithoutSamples) {
  const std::vector<RequestRecord> one_token = {sample_records()[2]};
  const Export exported = export_vllm(sample_result(), one_token, {});
  EXPECT_FALSE(json::parse(exported.text).contains("mean_tpot_ms"));
  EXPECT_TRUE(mentions(exported, "TPOT is left out: it has no samples"));
}

TEST(ExportVllm, RefusesUnknownMetrics) {
  ExportOptions options;
  options.metrics = {"tfft"};
  EXPECT_THROW(export_vllm(sample_result(), sample_records(), options), Error);
}

TEST(ExportVllm, MatchesTheGoldenFile) {
  expect_golden(export_vllm(sample_result(), sample_records(), {}).text, "vllm.json");
}

TEST(ExportVllmConsole, PrintsTheBlockThatScriptsGrep) {
  EXPECT_EQ(export_vllm_console(sample_result(), sample_records(), {}).text,
            golden("vllm_console.txt"));
}

TEST(ExportVllmConsole, IsFiftyColumnsWide) {
  const std::string text = export_vllm_console(sample_result(), sample_records(), {}).text;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    const bool rule = line.front() == '=' || line.front() == '-';
    EXPECT_EQ(line.size(), rule ? 50U : 51U) << line;  // "{:<40} {:<10}" is 51
  }
}

// tput_per_gpu counts input and output: 505.5 tokens/s over 4 GPUs. Seconds, not milliseconds.
TEST(ExportInferencex, CountsInputAndOutputTokensPerGpu) {
  const json row = json::parse(export_inferencex(sample_result(), sample_records(), {}).text);
  EXPECT_NEAR(row["tput_per_gpu"], 126.375, kTiny);
  EXPECT_NEAR(row["output_tput_per_gpu"], 1.375, kTiny);
  EXPECT_NEAR(row["input_tput_per_gpu"], 125, kTiny);
  EXPECT_NEAR(row["median_ttft"], 0.25, kTiny);
  EXPECT_EQ(row["hw"], "h100");
  EXPECT_EQ(row["conc"], 2);
  EXPECT_EQ(row["precision"], "fp8");
  EXPECT_EQ(row["isl"], 250);
  EXPECT_EQ(row["tp"], 4);
  EXPECT_EQ(row["dp_attention"], "false");
}

// p99 of TPOT is 245.8 ms, so p99_intvty is 4.07 tokens/s/user: slower than the median's 25.
TEST(ExportInferencex, InvertsTpotButNeverItsSpread) {
  ExportOptions options;
  options.percentiles = {90, 99, 99.9};
  const Export exported = export_inferencex(sample_result(), sample_records(), options);
  const json row = json::parse(exported.text);
  EXPECT_NEAR(row["median_intvty"], 25, kTiny);
  EXPECT_NEAR(row["mean_intvty"], 1 / 0.105, kTiny);
  EXPECT_NEAR(row["p99_intvty"], 1 / 0.2458, kTiny);
  EXPECT_LT(row["p99_intvty"], row["median_intvty"]);
  EXPECT_TRUE(row.contains("p99.9_intvty") && row.contains("std_tpot"));
  EXPECT_FALSE(row.contains("std_intvty"));
  EXPECT_TRUE(mentions(exported, "std_intvty is left out"));
}

TEST(ExportInferencex, NamesExpertParallelismAsInferencexDoes) {
  RunResult result = sample_result();
  nlohmann::ordered_json configuration = result.configuration.json();
  configuration["deployment"]["gpu"] = "gb200-nvl72";
  configuration["deployment"]["gpus"] = 32;
  configuration["deployment"]["parallel"] = {{"tp", 2}, {"cp", 1}, {"ep", 8}, {"pp", 1}, {"dp", 2}};
  configuration["deployment"]["precision"] = {{"experts", "nvfp4"}};
  configuration["workload"] = nlohmann::ordered_json::object();
  result.configuration = configuration;
  const Export exported = export_inferencex(result, sample_records(), {});
  const json row = json::parse(exported.text);
  EXPECT_EQ(row["hw"], "gb200");
  EXPECT_EQ(row["precision"], "fp4");
  EXPECT_EQ(row["tp"], 16);
  EXPECT_EQ(row["ep"], 8);
  EXPECT_EQ(row["dp_attention"], "true");
  EXPECT_NEAR(row["tput_per_gpu"], 505.5 / 32, kTiny);
  EXPECT_EQ(row["conc"], 2);   // the peak, as there is no cap
  EXPECT_EQ(row["isl"], 250);  // (100 + 200 + 50 + 650) / 4
  EXPECT_TRUE(mentions(exported, "one of 2 replicas"));
}

TEST(ExportInferencex, TakesMetadataAsNumbersWhereTheyAre) {
  ExportOptions options;
  options.metadata = {{"conc", "64"}, {"image", "vllm/vllm-openai:v0.11"}};
  const json row = json::parse(export_inferencex(sample_result(), sample_records(), options).text);
  EXPECT_EQ(row["conc"], 64);
  EXPECT_EQ(row["image"], "vllm/vllm-openai:v0.11");
}

TEST(ExportInferencex, MatchesTheGoldenFile) {
  ExportOptions options;
  options.percentiles = {90, 99, 99.9};
  expect_golden(export_inferencex(sample_result(), sample_records(), options).text,
                "inferencex.json");
}

}  // namespace
}  // namespace inferbench

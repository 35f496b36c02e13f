// The recorded traces, where they are there: against the figures of their READMEs, and against
// trace_oracles.py, which shares no code with the readers.

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/load.hpp"
#include "workloads/workload_stats.hpp"

namespace inferbench {
namespace {

const std::string kTraces = std::string(INFERBENCH_SOURCE_DIR) + "/../shared/data/traces/";
const std::string kCode = kTraces + "azure_llm_2023/AzureLLMInferenceTrace_code.csv";
const std::string kConversation =
    kTraces + "azure_llm_2023/AzureLLMInferenceTrace_conv_first30min.csv";
const std::string kMooncake = kTraces + "mooncake_fast25/conversation_trace_first30min.jsonl";
const std::string kServeGen = kTraces + "servegen/deepseek-r1";

WorkloadStats stats_of(const std::string& spec, const WorkloadOptions& options = {}) {
  const auto source = open_source(spec, options);
  WorkloadStats stats(source->info().block_tokens);
  while (source->next_arrival() != kNever) stats.add(source->pop());
  return stats;
}

// "key value" lines of the script; empty when there is no python3.
std::map<std::string, double> oracle(const std::string& format, const std::string& path) {
  const std::string command = "python3 '" + std::string(INFERBENCH_SOURCE_DIR) +
                              "/tests/unit/workloads/trace_oracles.py' " + format + " '" + path +
                              "' 2>/dev/null";
  std::map<std::string, double> values;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return values;
  std::array<char, 256> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) {
    std::istringstream words(line.data());
    std::string key;
    double value = 0;
    if (words >> key >> value) values[key] = value;
  }
  pclose(pipe);
  return values;
}

void expect_oracle(const WorkloadStats& stats, std::map<std::string, double> want) {
  EXPECT_EQ(static_cast<double>(stats.requests()), want.at("requests"));
  EXPECT_NEAR(seconds(stats.span()).count(), want.at("span_s"), 1e-7);
  EXPECT_NEAR(stats.gap_cv().value(), want.at("gap_cv"), 1e-9 * want.at("gap_cv"));
  EXPECT_EQ(static_cast<double>(stats.timestamps()), want.at("timestamps"));
  const auto lengths = [&](const std::string& name, const LengthCountsOf& have) {
    EXPECT_NEAR(have.mean(), want.at(name + "_mean"), 1e-9 * have.mean());
    EXPECT_EQ(static_cast<double>(have.max()), want.at(name + "_max"));
    for (const int percent : {50, 90, 99}) {
      EXPECT_EQ(static_cast<double>(have.quantile(percent / 100.0)),
                want.at(name + "_p" + std::to_string(percent)));
    }
  };
  lengths("input", stats.input());
  lengths("output", stats.output());
  EXPECT_NEAR(stats.dispersion()[0].index().value(), want.at("iod_1s"), 1e-9);
  EXPECT_NEAR(stats.dispersion()[1].index().value(), want.at("iod_10s"), 1e-9);
  EXPECT_NEAR(stats.dispersion()[2].index().value(), want.at("iod_60s"), 1e-9);
  if (!want.contains("blocks")) return;
  const auto prefix = stats.ideal_prefix();
  ASSERT_TRUE(prefix.has_value());
  EXPECT_EQ(static_cast<double>(prefix->blocks()), want.at("blocks"));
  EXPECT_EQ(static_cast<double>(prefix->unique_blocks()), want.at("unique_blocks"));
  EXPECT_NEAR(prefix->block_hit_rate(), want.at("block_hit"), 1e-12);
  EXPECT_NEAR(prefix->token_hit_rate(), want.at("token_hit"), 1e-12);
}

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << (path) << " is not there"

TEST(RealTraces, AzureCodeAgreesWithItsReadme) {
  SKIP_WITHOUT(kCode);
  const WorkloadStats stats = stats_of("azure:" + kCode);
  EXPECT_EQ(stats.requests(), 8819U);
  EXPECT_NEAR(seconds(stats.span()).count(), 3435.9, 0.1);
  EXPECT_NEAR(stats.rate().value(), 2.57, 0.005);
  EXPECT_NEAR(stats.gap_cv().value(), 13.2, 0.05);
  EXPECT_NEAR(stats.input().mean(), 2048, 0.5);
  EXPECT_EQ(stats.input().quantile(0.5), 1469);
  EXPECT_EQ(stats.input().quantile(0.99), 7436);
  EXPECT_EQ(stats.input().max(), 7437);
  EXPECT_EQ(stats.output().quantile(0.5), 13);
  EXPECT_EQ(stats.output().quantile(0.99), 252);
  EXPECT_EQ(stats.output().max(), 1899);
  EXPECT_EQ(stats.dispersion()[0].peak(), 67U);
  EXPECT_NEAR(stats.dispersion()[0].index().value(), 13, 0.5);
  EXPECT_NEAR(stats.dispersion()[1].index().value(), 72, 0.5);
  EXPECT_NEAR(stats.dispersion()[2].index().value(), 164, 0.5);
}

TEST(RealTraces, AzureAgreesWithTheIndependentScript) {
  SKIP_WITHOUT(kCode);
  for (const std::string& path : {kCode, kConversation}) {
    const auto want = oracle("azure", path);
    if (want.empty()) GTEST_SKIP() << "no python3";
    expect_oracle(stats_of("azure:" + path), want);
  }
}

TEST(RealTraces, MooncakeAgreesWithItsReadmeAndTheScript) {
  SKIP_WITHOUT(kMooncake);
  const WorkloadStats stats = stats_of("mooncake:" + kMooncake);
  EXPECT_EQ(stats.requests(), 5719U);
  EXPECT_EQ(stats.timestamps(), 600U);
  EXPECT_EQ(stats.input().quantile(0.5), 7640);
  EXPECT_EQ(stats.input().max(), 123192);
  EXPECT_EQ(stats.output().quantile(0.5), 356);
  const auto prefix = stats.ideal_prefix();
  ASSERT_TRUE(prefix.has_value());
  EXPECT_EQ(prefix->blocks(), 146'464U);
  EXPECT_EQ(prefix->unique_blocks(), 96'534U);
  EXPECT_NEAR(prefix->block_hit_rate(), 0.341, 0.0005);
  EXPECT_NEAR(prefix->token_hit_rate(), 0.347, 0.0005);
  const auto want = oracle("mooncake", kMooncake);
  if (want.empty()) GTEST_SKIP() << "no python3";
  expect_oracle(stats, want);
}

TEST(RealTraces, MooncakeJitterTakesTheBurstsAway) {
  SKIP_WITHOUT(kMooncake);
  WorkloadOptions options;
  options.jitter = true;
  const WorkloadStats stats = stats_of("mooncake:" + kMooncake, options);
  // As given 2.92, an artefact of 3 s timestamps; the counts per 10 s say nearly Poisson.
  EXPECT_NEAR(stats.gap_cv().value(), 1.0, 0.1);
  EXPECT_NEAR(stats.ideal_prefix()->block_hit_rate(), 0.341, 0.003);
}

TEST(RealTraces, ServeGenComposesTheMeasuredDay) {
  SKIP_WITHOUT(kServeGen);
  const WorkloadStats stats = stats_of("servegen:" + kServeGen);
  // README: 16.0 requests/s (about 1.38 M requests); rate-weighted input mean 1,268, p50 208,
  // p99 23,423; output mean 1,527, p50 792, p90 3,432.
  EXPECT_NEAR(static_cast<double>(stats.requests()), 1.38e6, 0.015e6);
  EXPECT_NEAR(stats.input().mean(), 1268, 20);
  EXPECT_NEAR(static_cast<double>(stats.input().quantile(0.5)), 208, 4);
  EXPECT_NEAR(static_cast<double>(stats.input().quantile(0.99)), 23'423, 500);
  EXPECT_NEAR(stats.output().mean(), 1527, 20);
  EXPECT_NEAR(static_cast<double>(stats.output().quantile(0.5)), 792, 10);
  EXPECT_NEAR(static_cast<double>(stats.output().quantile(0.9)), 3432, 60);
}

}  // namespace
}  // namespace inferbench

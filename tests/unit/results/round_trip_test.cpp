// What each exporter writes, its importer reads back as the same numbers.

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/exporters/export.hpp"
#include "results/exporters/series_exports.hpp"
#include "results/importers/stored_run.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

// A row with an axis, a name that JSON and labels must escape, and an infinite bound of a ratio;
// one that was not timed.
RunResult sample_kernel_run() {
  KernelRow timed;
  timed.op = "gemm";
  timed.format = "fp32";
  timed.axes = {{"k", 4096}};
  timed.tags = {{"layer", "q\"{}\\"}};
  timed.implementation = "avx512";
  timed.provider = "own";
  timed.check = RowCheck{.pass = true, .worst = 3e-7, .tolerance = 1e-5, .compared = 512};
  timed.flops = 1e9;
  timed.timing = RowTiming{.wall_ns = {9e6, 1e7, 1.3e7},
                           .cpu_ns = {9e6, 1e7, 1.1e7},
                           .median_ns = 1e7,
                           .low_ns = 9e6,
                           .high_ns = 1.3e7,
                           .stop = "budget"};
  timed.ratios = {{.to = "vendor",
                   .implementation = "openblas",
                   .speedup = 1.25,
                   .low = 0,
                   .high = std::numeric_limits<double>::infinity(),
                   .pairs = 3}};
  KernelRow skipped = timed;
  skipped.implementation = "cuda";
  skipped.status = RowStatus::skipped;
  skipped.reason = "no GPU";
  skipped.check.reset();
  skipped.timing.reset();
  skipped.ratios.clear();
  return make_kernels_result(Method::measured_host, nlohmann::ordered_json{{"threads", 1}},
                             {timed, skipped}, nlohmann::ordered_json{{"roofs", json::array()}},
                             sample_provenance());
}

StoredRun imported(const Export& exported) {
  return parse_stored_run(exported.text, "exported");
}

StoredRun ours(const RunResult& result) {
  return parse_stored_run(to_json_text(result), "ours");
}

std::string only_row() {
  return "gemm/fp32/k=4096/layer=q\"{}\\/avx512/hot/t1";
}

TEST(RoundTrip, GoogleBenchmark) {
  const StoredRun run = imported(export_google_benchmark(sample_kernel_run()));
  EXPECT_EQ(run.format, "Google Benchmark");
  ASSERT_EQ(run.metrics.size(), 1U);
  EXPECT_EQ(run.metrics.at(only_row()).value, 1e7);
  EXPECT_EQ(run.absent.begin()->second, "skipped: no GPU");
  EXPECT_THROW(export_google_benchmark(sample_result()), Error);
}

// Every series of the direction comes back: value, unit and direction.
void expect_github_array(const RunResult& result, const Export& exported, Better better) {
  const StoredRun before = ours(result), after = imported(exported);
  EXPECT_EQ(after.exact, before.exact);
  std::size_t of_direction = 0;
  for (const auto& [series, metric] : before.metrics) {
    if (metric.better != better) continue;
    ++of_direction;
    const bool kernels = result.kind == RunKind::kernels;
    const std::string name = kernels ? series : run_label(result) + " " + series;
    ASSERT_TRUE(after.metrics.contains(name)) << name;
    EXPECT_EQ(after.metrics.at(name).value, metric.value) << name;
    EXPECT_EQ(after.metrics.at(name).unit, metric.unit) << name;
    EXPECT_EQ(after.metrics.at(name).better, better) << name;
  }
  EXPECT_EQ(after.metrics.size(), of_direction);
}

TEST(RoundTrip, GithubActionBenchmark) {
  const RunResult replay = sample_result(), kernels = sample_kernel_run();
  EXPECT_EQ(run_label(replay), "replay/llama-3-70b/h100/TP4/sample");
  const Export smaller = export_github_action_smaller(replay);
  expect_github_array(replay, smaller, Better::lower);
  expect_github_array(replay, export_github_action_bigger(replay), Better::higher);
  expect_github_array(kernels, export_github_action_smaller(kernels), Better::lower);
  EXPECT_THROW(export_github_action_bigger(kernels), Error);
  EXPECT_NE(smaller.notes.at(0).find("one direction per file"), std::string::npos);
}

TEST(RoundTrip, Bencher) {
  const StoredRun before = ours(sample_kernel_run());
  const StoredRun kernels = imported(export_bencher(sample_kernel_run()));
  ASSERT_EQ(kernels.metrics.size(), 1U);
  const StoredMetric& metric = kernels.metrics.at(only_row() + " latency");
  EXPECT_EQ(metric.value, 1e7);
  EXPECT_EQ(metric.interval->low, before.metrics.at(only_row()).interval->low);
  EXPECT_EQ(metric.interval->high, before.metrics.at(only_row()).interval->high);

  const StoredRun replay = imported(export_bencher(sample_result()));
  const std::string label = run_label(sample_result()) + " ";
  EXPECT_EQ(replay.metrics.at(label + "ttft_mean_ms").value, 287.5);
  EXPECT_EQ(replay.metrics.at(label + "ttft_p90_ms").better, Better::lower);
  const StoredMetric& rate = replay.metrics.at(label + "output_tps_gpu_full_window_tokens_per_s");
  EXPECT_EQ(rate.value, 1.375);
  EXPECT_EQ(rate.unit, "tokens/s");
  EXPECT_EQ(rate.better, Better::higher);
  EXPECT_EQ(replay.metrics.size(), ours(sample_result()).metrics.size());
}

// Milliseconds become seconds; absent percentiles and scalars are no samples.
TEST(RoundTrip, OpenMetrics) {
  const Export exported = export_openmetrics(sample_result());
  EXPECT_TRUE(exported.text.ends_with("\n# EOF\n"));
  EXPECT_EQ(exported.text.find("0.999"), std::string::npos);
  const StoredRun run = imported(exported);
  EXPECT_TRUE(run.exact);
  const std::string labels =
      "{method=\"modelled\",model=\"llama-3-70b\",gpu=\"h100\",deployment=\"TP4\","
      "workload=\"sample\",";
  EXPECT_DOUBLE_EQ(run.metrics.at("inferbench_ttft_seconds" + labels + "quantile=\"0.9\"}").value,
                   0.425);
  const StoredMetric& rate =
      run.metrics.at("inferbench_output_tps_gpu_tokens_per_second" + labels + "window=\"full\"}");
  EXPECT_EQ(rate.value, 1.375);
  EXPECT_EQ(rate.better, Better::higher);

  const StoredRun kernels = imported(export_openmetrics(sample_kernel_run()));
  EXPECT_FALSE(kernels.exact);
  const std::string row =
      R"({method="measured-host",series="gemm/fp32/k=4096/layer=q\"{}\\/avx512/hot/t1",)"
      R"(op="gemm",implementation="avx512",provider="own"})";
  EXPECT_DOUBLE_EQ(kernels.metrics.at("inferbench_kernel_seconds" + row).value, 0.01);
  EXPECT_DOUBLE_EQ(kernels.metrics.at("inferbench_kernel_flop_per_second" + row).value, 1e11);
  EXPECT_EQ(kernels.metrics.size(), 2U);
}

TEST(RoundTrip, Vllm) {
  const Export exported = export_vllm(sample_result(), sample_records(), {});
  const StoredRun run = imported(exported);
  EXPECT_EQ(run.format, "vLLM");
  EXPECT_TRUE(run.exact);
  for (const auto& [name, metric] : run.metrics) {
    EXPECT_EQ(metric.value, json::parse(exported.text)[name].get<double>()) << name;
  }
  EXPECT_EQ(run.metrics.size(), 4U + 4U * 4U);  // throughputs; mean, median, std, p99 of four
  EXPECT_EQ(run.configuration.at("max_concurrency"), "2");
}

TEST(RoundTrip, Inferencex) {
  const Export exported = export_inferencex(sample_result(), sample_records(), {});
  const StoredRun run = imported(exported);
  EXPECT_TRUE(run.exact);
  const std::string key = "llama-3-70b/h100/inferbench-modelled/fp8/isl=250/osl=3/conc=2/tp=4 ";
  EXPECT_NEAR(run.metrics.at(key + "tput_per_gpu").value, 126.375, 1e-9);
  EXPECT_NEAR(run.metrics.at(key + "median_intvty").value, 25, 1e-9);
  for (const auto& [name, metric] : run.metrics) {
    ASSERT_TRUE(name.starts_with(key)) << name;
    EXPECT_EQ(metric.value, json::parse(exported.text)[name.substr(key.size())].get<double>());
  }
}

// From the table in sample_run.hpp, sent to token: TTFT 100, 200, 300 and 500 ms; the second tokens
// 20, 40 and 250 ms later; decoding at 2 / 50, 1 / 40 and 4 / 1000 tokens per ms. First sent at 0,
// last token at 2 s: 4 requests and 11 tokens in 2 s.
TEST(RoundTrip, Aiperf) {
  const Export exported = export_aiperf(sample_result(), sample_records(), {});
  const StoredRun run = imported(exported);
  EXPECT_EQ(run.format, "AIPerf");
  EXPECT_TRUE(run.exact);
  const auto value = [&](const char* name) { return run.metrics.at(name).value; };
  EXPECT_NEAR(value("time_to_first_token avg"), 275, 1e-9);
  EXPECT_NEAR(value("time_to_first_token p50"), 250, 1e-9);
  EXPECT_NEAR(value("time_to_first_token max"), 500, 1e-9);
  EXPECT_NEAR(value("time_to_second_token avg"), 310.0 / 3, 1e-9);
  EXPECT_NEAR(value("inter_token_latency avg"), 105, 1e-9);
  EXPECT_NEAR(value("inter_chunk_latency p50"), 250, 1e-9);
  EXPECT_NEAR(value("output_token_throughput_per_user avg"), (40 + 25 + 4) / 3.0, 1e-9);
  EXPECT_NEAR(value("request_throughput avg"), 2, 1e-9);
  EXPECT_NEAR(value("output_token_throughput avg"), 5.5, 1e-9);
  EXPECT_NEAR(value("total_token_throughput avg"), 505.5, 1e-9);
  EXPECT_EQ(run.metrics.at("inter_token_latency p99").better, Better::lower);
  EXPECT_EQ(run.configuration.at("loadgen/concurrency"), "2");
  EXPECT_EQ(exported.notes.at(0), "1 request did not complete");
}

}  // namespace
}  // namespace inferbench

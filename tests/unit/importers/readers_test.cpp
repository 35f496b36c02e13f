// Hand-written files of other tools in tests/golden/importers, each with its format's traps.

#include "results/importers/readers.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/compare/stored_comparison.hpp"

namespace inferbench {
namespace {

StoredRun golden(const std::string& name) {
  return read_stored_run(std::string(INFERBENCH_SOURCE_DIR) + "/tests/golden/importers/" + name);
}

std::string changed(const std::string& name, const std::string& from, const std::string& to) {
  std::string text =
      read_file(std::string(INFERBENCH_SOURCE_DIR) + "/tests/golden/importers/" + name);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expect_metric(const StoredRun& run, const std::string& name, double value,
                   const std::string& unit, Better better) {
  const auto found = run.metrics.find(name);
  ASSERT_NE(found, run.metrics.end()) << name;
  EXPECT_DOUBLE_EQ(found->second.value, value) << name;
  EXPECT_EQ(found->second.unit, unit) << name;
  EXPECT_EQ(found->second.better, better) << name;
}

// Repetitions 1, 3 and 2 us have the median 2,000 ns; three are too few for an interval.
TEST(Readers, GoogleBenchmark) {
  const StoredRun run = golden("google_benchmark.json");
  EXPECT_EQ(run.format, "Google Benchmark");
  EXPECT_FALSE(run.exact);
  ASSERT_EQ(run.metrics.size(), 2U);
  expect_metric(run, "a", 2000, "ns", Better::lower);
  expect_metric(run, "old", 7e6, "ns", Better::lower);
  EXPECT_FALSE(run.metrics.at("a").interval);
  EXPECT_EQ(run.absent.at("b"), "no AVX-512");
  EXPECT_EQ(run.absent.at("c"), "no real_time");
  EXPECT_EQ(run.environment.at("num_cpus"), "2");
}

// Numbers are text, NaN and infinities too; a skipped state has no summaries at all.
TEST(Readers, Nvbench) {
  const StoredRun run = golden("nvbench.json");
  EXPECT_EQ(run.format, "NVBench");
  ASSERT_EQ(run.metrics.size(), 3U);
  expect_metric(run, "copy/Elements=1048576/T=F32 cold GPU time", 1.25e-5, "s", Better::lower);
  expect_metric(run, "copy/Elements=1048576/T=F32 cold CPU time", 1.5e-5, "s", Better::lower);
  expect_metric(run, "copy/Elements=1048576/T=F32 bandwidth", 671088640000, "B/s", Better::higher);
  EXPECT_EQ(run.absent.at("copy/Elements=1099511627776/T=F32"), "does not fit into memory");
  EXPECT_TRUE(run.absent.contains("plain"));
  EXPECT_EQ(run.environment.at("gpu/0/name"), "NVIDIA H200");
}

// A mean TPOT of 0 is vLLM's sign for no sample; the colon after request_goodput is of older files.
TEST(Readers, Vllm) {
  const StoredRun run = golden("vllm.json");
  EXPECT_EQ(run.format, "vLLM");
  EXPECT_FALSE(run.exact);
  expect_metric(run, "p99.9_ttft_ms", 415, "ms", Better::lower);
  expect_metric(run, "mean_client_queue_time_ms", 0.5, "ms", Better::lower);
  expect_metric(run, "std_ttft_ms", 40, "ms", Better::neither);
  expect_metric(run, "request_goodput", 41.5, "requests/s", Better::higher);
  expect_metric(run, "output_throughput", 9658.5, "tokens/s", Better::higher);
  EXPECT_TRUE(run.absent.contains("mean_tpot_ms"));
  EXPECT_TRUE(run.absent.contains("p99_itl_ms"));
  EXPECT_FALSE(run.metrics.contains("rtfx"));
  EXPECT_EQ(run.configuration.at("request_rate"), "inf");
  EXPECT_EQ(run.configuration.at("burstiness"), "1");
  EXPECT_FALSE(run.configuration.contains("max_concurrency"));
}

TEST(Readers, Aiperf) {
  const StoredRun run = golden("aiperf.json");
  EXPECT_EQ(run.format, "AIPerf");
  expect_metric(run, "time_to_first_token avg", 45.5, "ms", Better::lower);
  expect_metric(run, "time_to_first_token p1", 12.5, "ms", Better::lower);
  expect_metric(run, "request_throughput avg", 4.5, "requests/sec", Better::higher);
  expect_metric(run, "output_token_throughput_per_user p99", 120, "tokens/sec/user",
                Better::higher);
  expect_metric(run, "input_sequence_length avg", 1024, "tokens", Better::neither);
  expect_metric(run, "benchmark_duration avg", 22.2, "sec", Better::neither);
  EXPECT_EQ(run.metrics.at("min_request_timestamp avg").better, Better::neither);
  EXPECT_FALSE(run.metrics.contains("time_to_first_token std"));
  EXPECT_TRUE(run.absent.contains("inter_token_latency p50"));
  EXPECT_TRUE(run.absent.contains("inter_token_latency p99"));
  EXPECT_EQ(run.configuration.at("loadgen/concurrency"), "8");
  for (const auto& [key, value] : run.configuration) {
    EXPECT_EQ(value.find("somebody"), std::string::npos) << key;
    EXPECT_EQ(value.find("host-a"), std::string::npos) << key;
  }
}

// Energy counts only where the readings are valid; std_intvty is 1 / std(TPOT), which is nothing.
TEST(Readers, Inferencex) {
  const StoredRun run = golden("inferencex.json");
  EXPECT_EQ(run.format, "InferenceX");
  EXPECT_FALSE(run.exact);
  const std::string one = "llama70b/h200/vllm/fp8/isl=1024/osl=1024/conc=64/tp=8 ";
  expect_metric(run, one + "tput_per_gpu", 900.5, "tokens/s/GPU", Better::higher);
  expect_metric(run, one + "p99.9_ttft", 0.9, "s", Better::lower);
  expect_metric(run, one + "median_intvty", 50, "tokens/s/user", Better::higher);
  expect_metric(run, one + "std_ttft", 0.1, "s", Better::neither);
  EXPECT_FALSE(run.metrics.contains(one + "std_intvty"));
  EXPECT_TRUE(run.absent.contains(one + "joules_per_output_token"));
  const std::string two =
      "dsr1/gb200/dynamo-trt/fp4/mtp/disagg/isl=8192/osl=1024/conc=256/is_multinode/prefill_tp=4/"
      "prefill_ep=4/prefill_dp_attention=true/prefill_num_workers=2/num_prefill_gpu=8/"
      "decode_tp=32/decode_ep=32/decode_dp_attention=true/num_decode_gpu=32 ";
  expect_metric(run, two + "joules_per_output_token", 0.4, "J", Better::lower);
  EXPECT_TRUE(run.absent.contains(two + "mean_ttft"));
}

TEST(Readers, GithubAction) {
  const StoredRun run = golden("github_action.json");
  EXPECT_EQ(run.format, "github-action-benchmark");
  expect_metric(run, "ttft p50", 100.5, "ms", Better::lower);
  expect_metric(run, "rate", 12.5, "tokens/s", Better::higher);
  EXPECT_NE(run.absent.at("by hand").find("in the workflow"), std::string::npos);
}

TEST(Readers, Bencher) {
  const StoredRun run = golden("bencher.json");
  EXPECT_EQ(run.format, "Bencher Metric Format");
  expect_metric(run, "gemm/k=4096 latency", 88, "ns", Better::lower);
  EXPECT_EQ(run.metrics.at("gemm/k=4096 latency").interval->high, 88.88);
  expect_metric(run, "gemm/k=4096 throughput", 5.5, "operations/s", Better::higher);
  expect_metric(run, "replay ttft_p99.9_ms", 415, "ms", Better::lower);
  EXPECT_FALSE(run.metrics.at("replay ttft_p99.9_ms").interval);
  expect_metric(run, "replay output_tps_gpu_tokens_per_s", 1.375, "tokens/s", Better::higher);
  EXPECT_TRUE(run.absent.contains("replay file-size"));
}

// A brace and a quote in a label, a NaN, a time stamp, a bound; nothing counts behind # EOF.
TEST(Readers, OpenMetrics) {
  const StoredRun run = golden("openmetrics.txt");
  EXPECT_EQ(run.format, "OpenMetrics");
  ASSERT_EQ(run.metrics.size(), 2U);
  expect_metric(run, R"(inferbench_ttft_seconds{model="a \"} b\"",quantile="0.5"})", 0.1, "s",
                Better::lower);
  expect_metric(run, "inferbench_output_tokens_per_second", 137.5, "1/s", Better::higher);
  EXPECT_EQ(run.absent.size(), 1U);
}

// The same file twice: measured numbers stay inconclusive, nothing is said to differ.
TEST(Readers, EveryFormatComparesWithItself) {
  for (const char* name :
       {"google_benchmark.json", "nvbench.json", "vllm.json", "aiperf.json", "inferencex.json",
        "github_action.json", "bencher.json", "openmetrics.txt"}) {
    const StoredComparison comparison = compare_stored(golden(name), golden(name), 0.01);
    EXPECT_EQ(verdict(comparison), GateVerdict::inconclusive) << name;
    EXPECT_TRUE(comparison.environment.empty()) << name;
    for (const StoredChange& change : comparison.changes) EXPECT_EQ(change.change, 0) << name;
  }
}

TEST(Readers, ComparisonsOfDifferentLoadsAndGpusAreInvalid) {
  const auto reasons = [](const std::string& name, const std::string& from, const std::string& to) {
    const StoredRun other = parse_stored_run(changed(name, from, to), "b");
    std::string all;
    for (const std::string& reason : compare_stored(golden(name), other, 0.01).invalid) {
      all += reason + "; ";
    }
    return all;
  };
  EXPECT_NE(reasons("vllm.json", "\"inf\"", "8").find("request_rate: inf and 8"),
            std::string::npos);
  EXPECT_NE(reasons("aiperf.json", "\"concurrency\": 8", "\"concurrency\": 16").find("concurrency"),
            std::string::npos);
  EXPECT_NE(reasons("nvbench.json", "NVIDIA H200", "NVIDIA H100").find("gpu/0/name differs"),
            std::string::npos);
  EXPECT_EQ(reasons("vllm.json", "\"burstiness\": 1.0", "\"burstiness\": 1"), "");
}

TEST(Readers, RefuseDamagedFiles) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      parse_stored_run(text, "x");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message(changed("nvbench.json", "\"states\"", "\"stages\"")).find("NVBench"),
            std::string::npos);
  EXPECT_NE(message(changed("inferencex.json", "\"hw\": \"gb200\", ", "")).find("no row"),
            std::string::npos);
  EXPECT_NE(message("# TYPE a gauge\nonly_a_name\n# EOF\n").find("x:2"), std::string::npos);
  EXPECT_NE(message(R"([{"name": "a", "unit": "ms", "value": 1}])").find("in the workflow"),
            std::string::npos);
  EXPECT_NE(message(R"([{"name": "a", "unit": "ms", "value": 1, "extra": "better: lower"},
                        {"name": "a", "unit": "ms", "value": 2, "extra": "better: lower"}])")
                .find("twice"),
            std::string::npos);
}

}  // namespace
}  // namespace inferbench

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "results/request_records.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

// A result with its records beside it; returns the result's path.
std::string put_run() {
  const std::string file = scratch("run.json"), records = scratch("run.jsonl");
  RecordWriter writer(records);
  for (const RequestRecord& record : sample_records()) writer.write(record);
  RunResult result = sample_result();
  attach_records(result, writer.commit(), records);
  OutputFile output(file);
  write_run_result(result, output);
  return file;
}

TEST(Export, WritesEachFormatToStandardOutput) {
  const std::string run = put_run();
  const Ran vllm = run_program({"export", run, "--format", "vllm"});
  EXPECT_EQ(vllm.exit_code, 0) << vllm.err;
  EXPECT_EQ(nlohmann::json::parse(vllm.out)["completed"], 4);
  EXPECT_NE(vllm.err.find("note: p99 of TTFT is of 4 samples"), std::string::npos) << vllm.err;

  const Ran row = run_program({"export", run, "--format", "inferencex", "--metadata", "conc=64"});
  EXPECT_EQ(row.exit_code, 0) << row.err;
  const nlohmann::json json = nlohmann::json::parse(row.out);
  EXPECT_TRUE(json.contains("p99.9_intvty"));
  EXPECT_EQ(json["conc"], 64);

  const Ran console = run_program({"export", run, "--format", "vllm-console"});
  EXPECT_TRUE(console.out.starts_with("============ Serving Benchmark Result ============\n"));
}

// Formats of series need no records; what is only of requests is refused with them.
TEST(Export, WritesFormatsOfSeries) {
  const std::string run = put_run();
  const Ran metrics = run_program({"export", run, "--format", "openmetrics"});
  EXPECT_EQ(metrics.exit_code, 0) << metrics.err;
  EXPECT_NE(metrics.out.find("# TYPE inferbench_ttft_seconds summary\n"), std::string::npos);
  const Ran bencher = run_program({"export", run, "--format", "bencher"});
  EXPECT_TRUE(nlohmann::json::parse(bencher.out).contains("replay/llama-3-70b/h100/TP4/sample"));
  const Ran array = run_program({"export", run, "--format", "github-action-bigger"});
  EXPECT_TRUE(nlohmann::json::parse(array.out).is_array());
  const Ran aiperf = run_program({"export", run, "--format", "aiperf"});
  EXPECT_EQ(nlohmann::json::parse(aiperf.out)["request_count"]["avg"], 4);
  expect_refused({"export", run, "--format", "bencher", "--metadata", "a=b"},
                 {"--metadata", "not with bencher"});
  expect_refused({"export", run, "--format", "google-benchmark"}, {"kind \"replay\""});
}

TEST(Export, WritesAFileWhenNamed) {
  const std::string target = scratch("vllm.json");
  const Ran ran = run_program({"export", put_run(), "--format", "vllm", "-o", target,
                               "--metric-percentiles", "50,99.9", "--percentile-metrics", "ttft"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(nlohmann::json::parse(read_file(target)).contains("p99.9_ttft_ms"));
}

TEST(Export, RefusesWhatItCannotUse) {
  const std::string run = put_run();
  expect_refused({"export", run, "--format", "vlm"}, {"unknown format \"vlm\"", "vllm"});
  expect_refused({"export", run}, {"--format"});
  expect_refused({"export", scratch("missing.json"), "--format", "vllm"}, {"cannot be read"});
  expect_refused({"export", run, "--format", "vllm", "-o", "/no/such/folder/x.json"},
                 {"/no/such/folder/x.json", "cannot be written"});
  expect_refused({"export", run, "--format", "vllm", "--metadata", "noequals"}, {"KEY=VALUE"});
  expect_refused({"export", run, "--format", "vllm", "--metric-percentiles", "100"},
                 {"above 0 and below 100"});
  expect_refused({"export", run, "--format", "vllm", "--percentile-metrics", "tfft"},
                 {"unknown metric \"tfft\"", "ttft"});
}

TEST(Export, RefusesTheRecordsOfAnotherRun) {
  const std::string run = put_run();
  RecordWriter other(scratch("run.jsonl"));
  other.write(sample_records()[0]);
  other.commit();
  expect_refused({"export", run, "--format", "vllm"}, {"records of another run"});
}

TEST(Export, RefusesAResultWithoutRecordsAndASweep) {
  const std::string file = scratch("alone.json");
  {
    OutputFile output(file);
    write_run_result(sample_result(), output);
  }
  expect_refused({"export", file, "--format", "vllm"}, {"has no request records", "--records"});
  {
    OutputFile output(file);
    write_run_result(
        make_sweep_result(Method::modelled, nlohmann::ordered_json::object(),
                          nlohmann::ordered_json::array(), {}, {}, sample_provenance()),
        output);
  }
  expect_refused({"export", file, "--format", "inferencex"}, {"kind \"sweep\"", "only a replay"});
}

}  // namespace
}  // namespace inferbench

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/output_file.hpp"
#include "program.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

std::string scratch_file(const std::string& name) {
  return ::testing::TempDir() + "bench_" + std::to_string(::getpid()) + "_" + name;
}

std::vector<std::string> small(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"bench",    "gemm", "-a",        "m=2",     "-a",
                                        "n=32",     "-a",   "k=64",      "--dtype", "fp32",
                                        "--budget", "40ms", "--no-roofs"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// 3 sizes of m x 2 formats; of each the reference and nothing else: 6 cases, 6 points.
TEST(BenchVerb, ADryRunCountsThePoints) {
  const Ran ran = run_program({"bench", "gemm", "-a", "M=[1,16,64]", "--dtype", "bf16,w8a8",
                               "--provider", "reference", "--dry-run"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("6 cases, 6 points would run"), std::string::npos) << ran.out;
}

// 5 linear layers x tp 1 and 8 x M 1 and 16.
TEST(BenchVerb, AModelsShapesAreExpanded) {
  const Ran ran = run_program({"bench", "gemm", "-a", "model=llama-3-70b", "-a", "tp=[1,8]", "-a",
                               "M[pow2]=[0:4:4]", "--provider", "reference", "--dry-run"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("20 cases, 20 points would run"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("n=7168 k=8192"), std::string::npos) << ran.out;
}

TEST(BenchVerb, RefusesWhatItDoesNotKnow) {
  expect_refused({"bench"}, {"no op given", "inferbench list kernels"});
  expect_refused({"bench", "gem"}, {"gem", "gemm"});
  expect_refused({"bench", "gemm", "-a", "rows=4"}, {"rows"});
  expect_refused({"bench", "gemm", "-a", "model=llama-3"}, {"-a model=llama-3: unknown model"});
  expect_refused({"bench", "gemm", "-a", "M=[1,"}, {"-a M=[1,", "bracket"});
  expect_refused({"bench", "gemm", "-a", "M=0"}, {"at least 1"});
  expect_refused({"bench", "gemm", "-a", "M=1", "-a", "m=2"}, {"-a m=2", "again, after -a M=1"});
  expect_refused({"bench", "gemm", "--longest-run", "0"}, {"--longest-run: 0"});
  expect_refused(small({"--longest-run", "0"}), {"--longest-run: 0"});
  expect_refused(small({"--longest-run", "1m"}), {"--longest-run", "--no-roofs"});
  expect_refused({"bench", "gemm", "--dry-run", "--longest-run", "x"}, {"--longest-run"});
  expect_refused({"bench", "gemm", "--dtype", "fp33"}, {"fp33", "fp32"});
  expect_refused({"bench", "gemm", "--provider", "openblass"}, {"openblass", "openblas"});
  expect_refused({"bench", "gemm", "--cache", "lukewarm"}, {"--cache", "lukewarm"});
  expect_refused({"bench", "gemm", "--clock", "sun"}, {"--clock", "wall"});
  expect_refused({"bench", "gemm", "--fill", "milk"}, {"--fill", "milk"});
  expect_refused({"bench", "gemm", "--threads", "0"}, {"--threads"});
  expect_refused({"bench", "gemm", "--threads", "4096"}, {"--threads: 4096", "may use"});
  expect_refused({"bench", "gemm", "--dry-run", "--csv", "t.csv"}, {"--csv", "--dry-run"});
  const std::string twice = scratch_file("twice");
  expect_refused(small({"--json", twice, "--csv", twice}), {twice, "another output"});
  expect_refused({"bench", "gemm", "--budget", "soon"}, {"--budget", "soon"});
  expect_refused({"bench", "gemm", "--memory-limit", "much"}, {"--memory-limit", "much"});
  expect_refused({"bench", "--suite", "smok"}, {"--suite", "smoke"});
  expect_refused({"bench", "--suite", "smoke", "-a", "m=1"}, {"suite"});
  expect_refused({"bench", "rope", "--suite", "anchor"}, {"--suite anchor", "no cases"});
  expect_refused({"bench", "gemm", "--seed", "-1"}, {"--seed"});
  expect_refused({"bench", "gemm", "-a", "model=llama-3-8b", "-a", "tp=3"}, {"not divisible"});
  expect_refused(small({"--json", "-", "--csv", "-"}), {"standard output"});
}

// One row of which nothing is timed, one that is.
TEST(BenchVerb, CountsWhatBecameOfItsRows) {
  const Ran none = run_program(small({"--provider", "reference", "--memory-limit", "1K"}));
  EXPECT_NE(none.out.find("\n0 rows timed, 1 skipped, hot caches"), std::string::npos) << none.out;
  const Ran one = run_program(small({"--provider", "reference"}));
  EXPECT_NE(one.out.find("\n1 row timed, hot caches"), std::string::npos) << one.out;
}

TEST(BenchVerb, WritesAResultThatValidates) {
  const std::string file = scratch_file("run.json");
  const Ran ran = run_program(small({"--json", file}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("gemm"), std::string::npos);
  const Ran checked = run_program({"validate-result", file});
  EXPECT_EQ(checked.exit_code, 0) << checked.out;
  EXPECT_NE(checked.out.find("kernels, measured-host"), std::string::npos) << checked.out;
  const json result = json::parse(read_file(file));
  std::set<std::string> implementations;
  for (const json& row : result.at("rows")) {
    implementations.insert(row.at("implementation"));
    if (row.at("status") != "timed") continue;
    EXPECT_TRUE(row.at("check").at("pass"));
    EXPECT_GE(row.at("timing").at("wall_ns").size(), 11U);
    EXPECT_EQ(row.at("flops"), 2 * 2 * 32 * 64);
  }
  EXPECT_TRUE(implementations.contains("reference"));
  std::filesystem::remove(file);
}

TEST(BenchVerb, WritesTablesAndGoogleBenchmarksFormat) {
  const std::string csv = scratch_file("t.csv"), md = scratch_file("t.md");
  const Ran ran =
      run_program(small({"--provider", "reference", "--csv", csv, "--md", md, "--gbench", "-"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const json gbench = json::parse(ran.out);
  EXPECT_TRUE(gbench.at("context").contains("num_cpus"));
  ASSERT_EQ(gbench.at("benchmarks").size(), 1U);
  const json& entry = gbench.at("benchmarks")[0];
  EXPECT_EQ(entry.at("name"), "gemm/fp32/k=64/m=2/n=32/reference/hot/t1");
  EXPECT_EQ(entry.at("run_type"), "iteration");
  EXPECT_EQ(entry.at("time_unit"), "ns");
  EXPECT_GT(entry.at("real_time"), 0.0);
  EXPECT_TRUE(read_file(csv).starts_with("op,format,case,"));
  EXPECT_TRUE(read_file(md).starts_with("| op | format | case |"));
  std::filesystem::remove(csv);
  std::filesystem::remove(md);
}

TEST(BenchVerb, EveryCachePolicyAndClockRuns) {
  for (const char* cache : {"hot", "cold", "weights-cold"}) {
    const Ran ran = run_program(
        small({"--provider", "best", "--cache", cache, "--clock", "cpu", "--json", "-"}));
    ASSERT_EQ(ran.exit_code, 0) << cache << ran.err;
    const json row = json::parse(ran.out).at("rows").at(0);
    EXPECT_EQ(row.at("cache"), cache);
    if (row.contains("timing")) {
      EXPECT_EQ(row.at("timing").at("clock"), "cpu");
    }
  }
}

// Two operators of ours, in both spellings; one that nobody computes; the same gemm twice.
TEST(BenchVerb, ReadsAnOperatorList) {
  const std::string file = scratch_file("operators.json");
  std::ofstream(file) << R"([
    {"type": "gemm", "args": {"m": 2, "n": 16, "k": 32, "dtype_a": "bf16", "dtype_b": "bf16"}},
    {"type": "gemm", "args": {"m": 2, "n": 16, "k": 32, "a": {"dtype": "bf16"},
                              "b": {"dtype": "bf16"}, "out": "bf16"}},
    {"type": "attention_mha", "args": {"batch_size": 1, "seq_len_q": 1, "seq_len_kv": 33,
      "num_heads": 4, "num_heads_kv": 2, "head_dim": 32, "dtype_k": "fp8", "causal": true},
     "name": "tiny"},
    {"type": "all_to_all", "args": {"tokens": 4}}])";
  const Ran ran = run_program({"bench", "--operators", file, "--provider", "reference",
                               "--no-roofs", "--budget", "40ms", "--json", "-"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const json rows = json::parse(ran.out).at("rows");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("format"), "bf16");
  EXPECT_EQ(rows[1].at("op"), "paged_decode");
  EXPECT_EQ(rows[1].at("format"), "fp8_e4m3");
  EXPECT_EQ(rows[1].at("axes").at("context"), 32);
  EXPECT_EQ(rows[1].at("tags").at("name"), "tiny");
  EXPECT_EQ(rows[2].at("status"), "skipped");
  for (const char* size : {"2.5", "-1", "1e30", "true", "18446744073709551615"}) {
    std::ofstream(file) << R"([{"type": "gemm", "args": {"n": 16, "k": 32, "dtype_a": "bf16",
                              "dtype_b": "bf16", "m": )"
                        << size << "}}]";
    expect_refused({"bench", "--operators", file, "--dry-run"}, {"/0", "m: ", "whole number"});
  }
  std::ofstream(file) << R"([{"type": "gemm", "args": {"m": 2}}])";
  expect_refused({"bench", "--operators", file}, {"/0", "lacks a key"});
  std::filesystem::remove(file);
  expect_refused({"bench", "--operators", file}, {file});
}

TEST(BenchVerb, SuitesExpandToOpsThatExist) {
  for (const char* suite : {"smoke", "llm-core", "full", "anchor"}) {
    const Ran ran = run_program({"bench", "--suite", suite, "--dry-run"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_NE(ran.out.find("points would run"), std::string::npos) << suite;
  }
}

TEST(BenchVerb, ProfilesAndLists) {
  const Ran once = run_program({"bench", "gemm", "-a", "m=2", "-a", "n=32", "-a", "k=64",
                                "--provider", "reference", "--profile"});
  EXPECT_EQ(once.out, "ran 1 kernel once\n") << once.err;
  const Ran list = run_program({"bench", "gemm", "--list"});
  EXPECT_NE(list.out.find("input features"), std::string::npos) << list.err;
  const json kernels = json::parse(run_program({"list", "kernels", "--json"}).out);
  // The reference is the last that this host has; a GPU's come after.
  for (const json& op : kernels.at("kernels")) {
    std::string last;
    for (const json& one : op.at("implementations")) {
      if (one.at("device") == "cpu") last = one.at("provider");
    }
    EXPECT_EQ(last, "reference") << op.at("name");
  }
}

// What belongs to the other device would do nothing.
TEST(BenchVerb, RefusesOptionsOfTheOtherDevice) {
  expect_refused({"bench", "gemm", "--device", "tpu"}, {"--device", "tpu"});
  expect_refused({"bench", "gemm", "--timer", "events"}, {"--timer", "--device cuda"});
  expect_refused({"bench", "gemm", "--device", "cuda", "--timer", "sundial"}, {"--timer", "dual"});
  expect_refused({"bench", "gemm", "--device", "cuda", "--clock", "wall"}, {"--clock", "--timer"});
  expect_refused({"bench", "gemm", "--device", "cuda", "--threads", "2"}, {"--threads"});
  expect_refused({"bench", "machine", "--device", "cuda", "--threads", "2"}, {"--threads"});
}

// Without a GPU nothing is measured, and it says what is missing; the points can still be listed.
TEST(BenchVerb, SaysWhatAGpuNeeds) {
  const Ran dry = run_program({"bench", "gemm,rmsnorm", "--device", "cuda", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_NE(dry.out.find("cublaslt"), std::string::npos);
  EXPECT_NE(dry.out.find("cuda_rows"), std::string::npos);
  const bool can_run = dry.out.find("yes") != std::string::npos;
  const Ran ran =
      run_program({"bench", "rmsnorm", "-a", "rows=4", "--device", "cuda", "--budget", "100ms"});
  EXPECT_EQ(ran.exit_code, can_run ? 0 : 2) << ran.err;
  EXPECT_NE(can_run, ran.err.find("inferbench doctor") != std::string::npos) << ran.err;
}

// The whole way of a case to a GPU and back, over a module whose GPU is emulated: kernels are
// right, and what it has no CUPTI for is absent with the reason.
TEST(BenchVerb, RunsCasesOnADevice) {
  setenv("INFERBENCH_CUDA_MODULE", INFERBENCH_BINARY_DIR "/bin/libinferbench_cuda_emulated.so", 1);
  const Ran ran = run_program({"bench", "gemm", "-a", "m=3", "-a", "n=130", "-a", "k=128",
                               "--dtype", "bf16", "--provider", "own,cublaslt", "--device", "cuda",
                               "--budget", "2s", "--no-roofs", "--json", "-"});
  unsetenv("INFERBENCH_CUDA_MODULE");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto result = nlohmann::json::parse(ran.out);
  EXPECT_EQ(result.at("method"), "measured-device");
  std::size_t timed = 0;
  for (const auto& row : result.at("rows")) {
    EXPECT_EQ(row.at("fidelity"), "measured-device");
    if (row.at("provider") == "cublaslt") {
      EXPECT_EQ(row.at("reason"), "the emulator has no cuBLASLt");
      continue;
    }
    ++timed;
    EXPECT_EQ(row.at("status"), "timed") << row;
    EXPECT_TRUE(row.at("check").at("pass").get<bool>());
    EXPECT_EQ(row.at("cache"), "cold");
    EXPECT_EQ(row.at("device").at("name"), "emulated GPU");
    EXPECT_EQ(row.at("device").at("timer"), "events");
    EXPECT_EQ(row.at("device").at("fallback"), "the emulator has no CUPTI");
  }
  EXPECT_EQ(timed, 2U);  // for few tokens and for many
}

}  // namespace
}  // namespace inferbench

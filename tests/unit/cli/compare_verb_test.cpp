#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/output_file.hpp"
#include "program.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

const char* const kBuilt = INFERBENCH_BINARY_DIR "/bin/inferbench";

// An executable shell script, gone at the end of the test.
class Script {
 public:
  explicit Script(const std::string& text) {
    static int number = 0;
    path_ = ::testing::TempDir() + "compare_" + std::to_string(::getpid()) + "_" +
            std::to_string(++number);
    std::ofstream(path_) << "#!/bin/sh\n" << text << "\n";
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  ~Script() { std::filesystem::remove(path_); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<std::string> compare(const std::string& baseline, const std::string& candidate,
                                 const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"compare", "--baseline",  baseline, "--candidate",
                                        candidate, "--no-canary", "--only", "schedule/static"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The same program on both sides cannot be a regression, whatever the machine does meanwhile.
TEST(CompareVerb, AProgramIsNoSlowerThanItself) {
  const Ran ran = run_program(compare(kBuilt, kBuilt, {"--json", "-"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const json document = json::parse(ran.out);
  EXPECT_EQ(document["schema"], "inferbench.comparison");
  EXPECT_EQ(document["series"][0]["name"], "schedule/static");
  EXPECT_EQ(document["exact"].size(), 2U);
  EXPECT_EQ(document["exact"][0]["verdict"], "pass");
  EXPECT_NE(document["baseline"]["code_sha256"], "");
  EXPECT_EQ(document["baseline"]["code_sha256"], document["candidate"]["code_sha256"]);
  EXPECT_GE(document["series"][0]["blocks"]["baseline_ns"].size(), 10U);
}

// Eight times as slow, in every one of the 18 blocks at which a regression can first be told.
TEST(CompareVerb, ASlowedProgramIsARegression) {
  const Script slow("exec '" + std::string(kBuilt) + "' \"$@\" --slowdown 7");
  const Ran ran = run_program(compare(kBuilt, slow.path()));
  EXPECT_EQ(ran.exit_code, 3) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.starts_with("REGRESSION: 1 of 3 series regressed (worst: schedule/static"))
      << ran.out;
  EXPECT_NE(ran.out.find("x regression"), std::string::npos);
  EXPECT_NE(ran.out.find("again      inferbench compare"), std::string::npos);
}

TEST(CompareVerb, WritesEveryFormatAtOnce) {
  const std::string base = ::testing::TempDir() + "formats_" + std::to_string(::getpid());
  const std::vector<std::string> files = {base + ".json", base + ".md", base + ".csv",
                                          base + ".xml"};
  const Ran ran = run_program(compare(kBuilt, kBuilt,
                                      {"--json", files[0], "--md", files[1], "--csv", files[2],
                                       "--junit", files[3], "--github", "--budget", "300ms"}));
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("::")) << ran.out;
  for (const std::string& file : files) {
    EXPECT_NE(read_file(file).find("schedule/static"), std::string::npos) << file;
    std::filesystem::remove(file);
  }
  expect_refused(compare(kBuilt, kBuilt, {"--json", "-", "--csv", "-"}), {"standard output"});
}

TEST(CompareVerb, ACrashAfterTheHelloIsAnInvalidComparison) {
  const Script crash("'" + std::string(kBuilt) + "' \"$@\" </dev/null; read -r x; kill -SEGV $$");
  const Ran ran = run_program(compare(kBuilt, crash.path()));
  EXPECT_EQ(ran.exit_code, 5) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.starts_with("INVALID: candidate")) << ran.out;
  EXPECT_NE(ran.out.find("signal 11"), std::string::npos) << ran.out;
}

TEST(CompareVerb, RefusesWhatItCannotCompare) {
  expect_refused({"compare"}, {"--baseline PROGRAM", "--help"});
  expect_refused(compare("/no/such/program", kBuilt), {"--baseline", "/no/such/program"});
  expect_refused(compare(kBuilt, "/bin/true"), {"--candidate", "/bin/true", "worker"});
  const Script silent("sleep 30");
  expect_refused(compare(kBuilt, silent.path(), {"--patience", "5s"}),
                 {"--candidate", "did not answer within 5s"});
  expect_refused(compare(kBuilt, kBuilt, {"--suite", "smok"}), {"unknown suite", "smoke"});
  expect_refused(compare(kBuilt, kBuilt, {"--only", "kernel/gemn"}), {"--only", "kernel/gemn"});
  expect_refused(compare(kBuilt, kBuilt, {"--clock", "sun"}), {"--clock", "wall"});
  expect_refused(compare(kBuilt, kBuilt, {"--budget", "0"}), {"--budget"});
  expect_refused(compare(kBuilt, kBuilt, {"--margin", "0.05"}), {"--target", "above the margin"});
  expect_refused(compare(kBuilt, kBuilt, {"--alpha", "0"}), {"--alpha"});
  expect_refused(compare(kBuilt, kBuilt, {"--json", "/no/such/folder/x"}), {"/no/such/folder/x"});
}

// Two modelled replays of one workload: the same, then with half the batch.
TEST(CompareVerb, ComparesStoredResults) {
  const std::string base = ::testing::TempDir() + "stored_" + std::to_string(::getpid());
  const std::string before = base + "_a.json", after = base + "_b.json";
  const auto replay = [](const std::string& file, const std::string& batch) {
    return run_program({"replay", "--model", "llama-3-8b", "--gpu", "h100", "--workload",
                        "sample:chat-burst", "--max-batch", batch, "--json", file})
        .exit_code;
  };
  ASSERT_EQ(replay(before, "256"), 0);
  ASSERT_EQ(replay(after, "256"), 0);
  Ran ran = run_program({"compare", before, after});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("PASS: 0 of ")) << ran.out;
  ASSERT_EQ(replay(after, "8"), 0);
  ran = run_program({"compare", before, after, "--json", "-"});
  EXPECT_EQ(ran.exit_code, 5);
  EXPECT_NE(json::parse(ran.out)["invalid"][0].get<std::string>().find("scheduler/max_batch"),
            std::string::npos)
      << ran.out;
  expect_refused({"compare", before}, {"two result files"});
  expect_refused({"compare", before, "/no/such/file"}, {"/no/such/file"});
  expect_refused({"compare", before, after, "--budget", "5s"}, {"--budget", "stored results"});
  std::filesystem::remove(before);
  std::filesystem::remove(after);
}

// Twice the work is twice the instructions, whoever else uses the machine.
TEST(CompareVerb, CountsInstructions) {
  const Script slow("exec '" + std::string(kBuilt) + "' \"$@\" --slowdown 1");
  const Ran ran = run_program(
      compare(kBuilt, slow.path(), {"--instructions", "--budget", "300ms", "--json", "-"}));
  const json document = json::parse(ran.out);
  if (!document["skipped"].empty()) GTEST_SKIP() << document["skipped"][0]["reason"];
  const json& counted = document["exact"].back();
  EXPECT_EQ(counted["name"], "schedule/static/instructions");
  EXPECT_EQ(counted["verdict"], "regression");
  EXPECT_GT(counted["candidate"].get<double>(), 1.9 * counted["baseline"].get<double>());
}

// Every step computed; what needs a GPU is skipped with the reason where there is none.
TEST(CompareVerb, ExecutesReplays) {
  const Ran ran = run_program({"compare", "--baseline", kBuilt, "--candidate", kBuilt, "--suite",
                               "execute", "--no-canary", "--budget", "500ms", "--json", "-"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const json document = json::parse(ran.out);
  EXPECT_EQ(document["series"][0]["name"], "execute/cpu/tiny-dense-test/bf16");
  EXPECT_EQ(document["exact"][0]["name"], "execute/cpu/tiny-dense-test/bf16/steps");
  EXPECT_EQ(document["exact"][0]["verdict"], "pass");
}

TEST(CompareVerb, ListsItsSuites) {
  const Ran ran = run_program({"compare", "--list"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("smoke: "), std::string::npos);
  EXPECT_NE(ran.out.find("  replay/llama-3-8b\n"), std::string::npos);
}

// A budget that ends with the first comparison; the second run adds one more to the file.
TEST(CalibrateGateVerb, AddsUpOverRuns) {
  const std::string file = ::testing::TempDir() + "gate_" + std::to_string(::getpid()) + ".json";
  const std::vector<std::string> arguments = {
      "calibrate-gate", "--report",    file,     "--budget", "1ms",         "--suite", "schedule",
      "--only",         "schedule/st", "--each", "2s",       "--slowdowns", "0.5"};
  for (const int comparisons : {1, 2}) {
    const Ran ran = run_program(arguments);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_TRUE(ran.out.find("suite schedule schedule/st of 1 series") != std::string::npos)
        << ran.out;
    const json report = json::parse(read_file(file));
    int sum = 0;
    for (const json& cell : report["cells"]) sum += cell["comparisons"].get<int>();
    EXPECT_EQ(sum, comparisons);
  }
  const Ran shown = run_program({"calibrate-gate", "--report", file, "--show"});
  EXPECT_TRUE(shown.out.find("suite schedule schedule/st of 1 series") != std::string::npos);
  std::vector<std::string> other = arguments;
  other.insert(other.end(), {"--alpha", "0.02"});
  expect_refused(other, {file, "another rule"});
  std::filesystem::remove(file);
  expect_refused({"calibrate-gate"}, {"--report"});
  expect_refused({"calibrate-gate", "--report", "/no/such/folder/x"}, {"/no/such/folder/x"});
}

// The worker by hand: no input, so that it says hello and ends.
TEST(WorkerVerb, SaysHelloAndEndsWithItsInput) {
  const Ran ran = run_program({"worker", "--suite", "schedule"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const json hello = json::parse(ran.out);
  EXPECT_EQ(hello["inferbench_worker"], 1);
  EXPECT_EQ(hello["series"].size(), 4U);
  expect_refused({"worker", "--suite", "none"}, {"unknown suite"});
}

}  // namespace
}  // namespace inferbench

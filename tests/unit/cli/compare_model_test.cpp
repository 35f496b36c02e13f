// A run on this host beside what an op table and a roofline say of it.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cpu_replay.hpp"
#include "program.hpp"

namespace inferbench {
namespace {

class CompareModel : public testing::Test {
 protected:
  CompareModel()
      : table_(testing::TempDir() + "inferbench_" +
               testing::UnitTest::GetInstance()->current_test_info()->name() + ".json") {
    std::filesystem::remove(table_);
  }
  ~CompareModel() override { std::filesystem::remove(table_); }

  Ran calibrate(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "calibrate",     "--model", "tiny-dense-test", "--out", table_,      "--budget", "50ms",
        "--step-tokens", "16",      "--max-batch",     "2",     "--context", "32"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  const std::string table_;
};

TEST_F(CompareModel, PredictsWithATableOfThisMachine) {
  const Ran first = calibrate();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_NE(first.out.find("decode_attention"), std::string::npos) << first.out;
  const Ran again = calibrate();
  EXPECT_NE(again.out.find(" 0 of them new"), std::string::npos) << again.out;

  const Ran ran = run_program(cpu_replay({"--compare-model", "--op-table", table_, "--json", "-"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const nlohmann::json result = nlohmann::json::parse(ran.out);
  EXPECT_EQ(result["method"], "measured-host");
  const nlohmann::json& modelled = result["findings"]["modelled"];
  double answered = 0;
  for (const auto& [how, share] : modelled["run_answered"].items()) answered += share.get<double>();
  EXPECT_NEAR(answered, 1, 1e-9);
  EXPECT_EQ(modelled["run_answered"]["roofline"], 0);
  EXPECT_GT(modelled["same_steps"]["count"], 0);
  EXPECT_GT(modelled["same_steps"]["gemm"]["modelled_s"], 0);
  const nlohmann::json& steps = modelled["same_steps"];
  double parts = 0;
  for (const char* part : {"gemm", "attention", "moe", "other", "host"}) {
    parts += steps[part]["measured_s"].get<double>();
  }
  EXPECT_NEAR(parts, steps["all"]["measured_s"].get<double>(), 1e-9);
  EXPECT_EQ(modelled["metrics"][0]["id"], "ttft");
}

TEST_F(CompareModel, FallsBackOnNothingButTheRoofline) {
  const Ran ran = run_program(cpu_replay({"--compare-model"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* part : {"measured beside modelled", "nothing fitted", "100.0 % roofline"}) {
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << "\n" << ran.out;
  }
}

TEST_F(CompareModel, RefusesWhatCannotBeCompared) {
  ASSERT_EQ(calibrate().exit_code, 0);
  expect_refused(cpu_replay({"--op-table", table_}), {"--op-table", "--compare-model"});
  expect_refused(cpu_replay({"--compare-model", "--speculate", "gamma=2"}),
                 {"--compare-model", "--speculate"});
  expect_refused(cpu_replay({"--compare-model", "--op-table", table_, "--weights", "w8a8"}),
                 {"op table", "w8a8", "inferbench calibrate"});
  expect_refused(cpu_replay({"--compare-model", "--op-table", "nowhere.json"}), {"nowhere.json"});
  nlohmann::json other = nlohmann::json::parse(std::ifstream(table_));
  other["machine"]["cpu"] = "another";
  std::ofstream(table_) << other.dump();
  expect_refused(cpu_replay({"--compare-model", "--op-table", table_}), {"processor", "another"});
  const Ran refused = calibrate();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(nlohmann::json::parse(std::ifstream(table_)), other);
}

TEST_F(CompareModel, CalibrateRefusesBadOptions) {
  expect_refused({"calibrate", "--model", "tiny-dense-test", "--out", "/nowhere/t.json"},
                 {"/nowhere"});
  const auto with = [&](const char* option, const char* value) {
    expect_refused({"calibrate", "--model", "tiny-dense-test", "--out", table_, option, value},
                   {option});
  };
  with("--ops", "gem");
  with("--budget", "soon");
  with("--max-batch", "0");
  with("--step-tokens", "-1");
  with("--threads", "100000");
  EXPECT_FALSE(std::filesystem::exists(table_));
}

}  // namespace
}  // namespace inferbench

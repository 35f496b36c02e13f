// A model executed on this host, as a user asks for it.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cpu_replay.hpp"
#include "program.hpp"

namespace inferbench {
namespace {

nlohmann::json result_of(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = cpu_replay(more);
  arguments.insert(arguments.end(), {"--json", "-"});
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  return nlohmann::json::parse(ran.out);
}

TEST(ReplayOnCpu, IsLabelledMeasuredHost) {
  const nlohmann::json result = result_of({});
  EXPECT_EQ(result["method"], "measured-host");
  EXPECT_EQ(result["summary"]["outcomes"]["completed"], 20);
  EXPECT_EQ(result["configuration"]["deployment"]["gpu"], "cpu");
  const auto seconds = [&](const char* id) {
    return result["summary"]["scalars"][std::string(id) + "_s"]["value"].get<double>();
  };
  EXPECT_NEAR(seconds("step_time"),
              seconds("step_time_gemm") + seconds("step_time_attention") +
                  seconds("step_time_moe") + seconds("step_time_other") +
                  seconds("step_time_collectives") + seconds("step_time_host"),
              1e-9);
}

TEST(ReplayOnCpu, AnswersDoNotDependOnServingWithInvariantKernels) {
  const auto answers = [](std::vector<std::string> more) {
    more.insert(more.end(), {"--kernels", "invariant", "--weights", "w4a8-g128"});
    return result_of(more)["findings"]["answers_fnv1a64"].get<std::string>();
  };
  const std::string want = answers({});
  EXPECT_EQ(want.size(), 16U);
  EXPECT_EQ(answers({"--step-tokens", "17", "--threads", "1"}), want);
  EXPECT_EQ(answers({"--scheduler", "static", "--kv-tokens", "200"}), want);
  EXPECT_EQ(answers({"--speculate", "gamma=2"}), want);
  EXPECT_NE(answers({"--seed", "5"}), want);
}

// fp32 sums in another order change no answer of the tiny model. 20 requests of 6 tokens: every
// step does two all-reduces in each of 2 layers.
TEST(ReplayOnCpu, TwoRanksGiveTheAnswersOfOne) {
  const auto one = result_of({"--weights", "fp32", "--kv-format", "fp32"});
  const auto two = result_of({"--weights", "fp32", "--kv-format", "fp32", "--parallel", "tp2"});
  EXPECT_EQ(two["findings"]["answers_fnv1a64"], one["findings"]["answers_fnv1a64"]);
  EXPECT_EQ(two["configuration"]["deployment"]["gpus"], 2);
  EXPECT_EQ(two["findings"]["ranks"]["all_reduces"].get<int>() % 4, 0);
  EXPECT_GT(two["findings"]["ranks"]["all_reduces"].get<int>(), 0);
  EXPECT_GT(two["summary"]["scalars"]["step_time_collectives_s"]["value"].get<double>(), 0);
  EXPECT_FALSE(one["findings"].contains("ranks"));
  const auto piped =
      result_of({"--weights", "fp32", "--kv-format", "fp32", "--parallel", "tp2pp2"});
  EXPECT_EQ(piped["findings"]["answers_fnv1a64"], one["findings"]["answers_fnv1a64"]);
  EXPECT_EQ(piped["configuration"]["deployment"]["parallel"]["pp"], 2);
}

// Prompts of 100 tokens and their answers over blocks of 32: ranks pass keys and values around.
TEST(ReplayOnCpu, ContextRanksGiveTheAnswersOfOne) {
  const auto run = [](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"replay",
                                          "--system",
                                          "cpu",
                                          "--model",
                                          "tiny-dense-test",
                                          "--weights",
                                          "fp32",
                                          "--kv-format",
                                          "fp32",
                                          "--workload",
                                          "poisson:rate=200,isl=100,osl=9",
                                          "--requests",
                                          "12",
                                          "--json",
                                          "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ran ran = run_program(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return nlohmann::json::parse(ran.out);
  };
  const auto want = run({})["findings"]["answers_fnv1a64"];
  for (const char* parallel : {"cp2", "tp2cp2", "cp2pp2dp2"}) {
    const auto some = run({"--parallel", parallel});
    EXPECT_EQ(some["findings"]["answers_fnv1a64"], want) << parallel;
    EXPECT_EQ(some["configuration"]["deployment"]["parallel"]["cp"], 2);
    EXPECT_GT(some["findings"]["ranks"]["wire_bytes"].get<double>(), 0);
  }
  EXPECT_EQ(run({"--parallel", "cp2", "--speculate", "gamma=2"})["findings"]["answers_fnv1a64"],
            want);
}

TEST(ReplayOnCpu, ReportSaysWhatRan) {
  const Ran ran = run_program(cpu_replay({"--clock", "wall", "--kv-format", "int8"}));
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* part :
       {"replay executed on this host", "bf16 weights (random), int8 KV", "this host as one GPU",
        "on the wall clock", "Step time: GEMM", "us per step", "Answers: fnv1a64"}) {
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << "\n" << ran.out;
  }
}

// A checkpoint of tiny-dense-test from zeros but for its norms: every logit is 0, every answer is
// token 0.
std::string zeros(const std::string& head_rows) {
  nlohmann::json header;
  std::string data;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t elements = 1;
    for (const std::int64_t n : shape) elements *= n;
    const std::size_t begin = data.size();
    data.append(static_cast<std::size_t>(2 * elements), '\0');
    header[name] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
  };
  add("model.embed_tokens.weight", {256, 64});
  add("lm_head.weight", {std::stoll(head_rows), 64});
  add("model.norm.weight", {64});
  for (int layer = 0; layer < 2; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    add(prefix + "input_layernorm.weight", {64});
    add(prefix + "post_attention_layernorm.weight", {64});
    add(prefix + "self_attn.q_proj.weight", {64, 64});
    add(prefix + "self_attn.k_proj.weight", {32, 64});
    add(prefix + "self_attn.v_proj.weight", {32, 64});
    add(prefix + "self_attn.o_proj.weight", {64, 64});
    add(prefix + "mlp.gate_proj.weight", {128, 64});
    add(prefix + "mlp.up_proj.weight", {128, 64});
    add(prefix + "mlp.down_proj.weight", {64, 128});
  }
  const std::string text = header.dump();
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>((text.size() >> (8 * i)) & 0xFFU);
  const std::string path = ::testing::TempDir() + "zeros-" + head_rows + ".safetensors";
  std::ofstream(path, std::ios::binary) << file << text << data;
  return path;
}

TEST(ReplayOnCpu, ComputesWithWeightsFromAFile) {
  const std::string path = zeros("256");
  const nlohmann::json result = result_of({"--weights-file", path});
  EXPECT_EQ(result["configuration"]["deployment"]["weights_from"], path);
  EXPECT_EQ(result["summary"]["outcomes"]["completed"], 20);
  const Ran ran = run_program(cpu_replay({"--weights-file", path}));
  EXPECT_NE(ran.out.find("bf16 weights (" + path + ")"), std::string::npos) << ran.out;
  expect_refused(cpu_replay({"--weights-file", zeros("255")}),
                 {"lm_head.weight", "has the shape [255, 64]", "[256, 64]"});
  expect_refused(cpu_replay({"--weights-file", "/no/such/folder"}), {"/no/such/folder", "opened"});
}

TEST(ReplayOnCpu, ComputesModelsWithExperts) {
  std::vector<std::string> arguments = cpu_replay({"--json", "-"});
  *std::find(arguments.begin(), arguments.end(), "tiny-dense-test") = "tiny-moe-test";
  const Ran ran = run_program(arguments);
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const nlohmann::json result = nlohmann::json::parse(ran.out);
  EXPECT_EQ(result["summary"]["outcomes"]["completed"], 20);
  EXPECT_GT(result["summary"]["scalars"]["step_time_moe_s"]["value"].get<double>(), 0);
}

// Whichever ranks compute them, answers are the same tokens: under fp32 and invariant kernels.
TEST(ReplayOnCpu, ReplicasAndExpertRanksGiveTheAnswersOfOneRank) {
  const auto answers = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = cpu_replay(
        {"--json", "-", "--weights", "fp32", "--kv-format", "fp32", "--kernels", "invariant"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    *std::find(arguments.begin(), arguments.end(), "tiny-dense-test") = "tiny-moe-test";
    const Ran ran = run_program(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    const nlohmann::json result = nlohmann::json::parse(ran.out);
    EXPECT_EQ(result["summary"]["outcomes"]["completed"], 20);
    return result["findings"]["answers_fnv1a64"].get<std::string>();
  };
  const std::string one = answers({});
  EXPECT_EQ(answers({"--parallel", "dp2", "--router", "round_robin"}), one);
  EXPECT_EQ(answers({"--parallel", "ep2"}), one);
  EXPECT_EQ(answers({"--parallel", "tp2ep2dp2", "--clock", "wall"}), one);
}

TEST(ReplayOnCpu, RefusesWhatDoesNotApply) {
  expect_refused(cpu_replay({"--gpu", "h100"}), {"--gpu", "does not apply to --system cpu"});
  expect_refused(cpu_replay({"--parallel", "tp3"}), {"--parallel TP3", "4 heads", "1, 2, 4"});
  expect_refused(cpu_replay({"--parallel", "cp2", "--slice"}),
                 {"--parallel CP2", "CP with --slice"});
  expect_refused(cpu_replay({"--parallel", "cp2", "--kv-tokens", "31"}),
                 {"--kv-tokens", "one block of 32 tokens"});
  expect_refused(cpu_replay({"--parallel", "cp2", "--compare-model"}), {"--compare-model", "CP2"});
  expect_refused(cpu_replay({"--parallel", "ep2"}), {"--parallel EP2", "a model without experts"});
  expect_refused(cpu_replay({"--parallel", "pp3"}), {"--parallel PP3", "2 layers for 3 stages"});
  expect_refused(cpu_replay({"--router", "round_robin"}), {"--router", "does not apply"});
  expect_refused(cpu_replay({"--weights", "w4a8"}),
                 {"unknown weight format \"w4a8\"", "w4a8-g128"});
  expect_refused(cpu_replay({"--kv-format", "fp8"}), {"unknown KV format \"fp8\"", "fp8_e4m3"});
  expect_refused(cpu_replay({"--block-tokens", "32"}), {"--block-tokens", "16"});
  expect_refused(cpu_replay({"--speculate", "gamma=2,accept=0.5"}), {"accept", "measured"});
  expect_refused(cpu_replay({"--temperature", "-1"}), {"temperature"});
  expect_refused({"replay", "--system", "gpu", "--model", "tiny-dense-test", "--workload",
                  "poisson:rate=2,isl=24,osl=6"},
                 {"unknown system \"gpu\"", "cpu"});
  expect_refused({"replay", "--model", "llama-3-8b", "--workload", "poisson:rate=2,isl=24,osl=6"},
                 {"--gpu", "is missing", "--system cpu"});
  expect_refused({"replay", "--model", "llama-3-8b", "--gpu", "h100", "--threads", "2",
                  "--workload", "poisson:rate=2,isl=24,osl=6"},
                 {"--threads", "does not apply to --system modelled"});
  expect_refused({"replay", "--system", "cpu", "--model", "llama-3.1-405b", "--workload",
                  "poisson:rate=2,isl=24,osl=6"},
                 {"llama-3.1-405b", "executing it takes", "90 %"});
}

}  // namespace
}  // namespace inferbench

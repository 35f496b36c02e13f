#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cpu_replay.hpp"
#include "program.hpp"

namespace inferbench {
namespace {

// A dense model that the emulated GPU computes in seconds.
std::string small_model() {
  const std::string path = testing::TempDir() + "small_model.json";
  std::ofstream(path) << R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 64, "intermediate_size": 64,
    "vocab_size": 128, "max_position_embeddings": 128, "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0, "tie_word_embeddings": false})";
  return path;
}

std::vector<std::string> cuda_replay(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"replay",
                                        "--system",
                                        "cuda",
                                        "--model",
                                        small_model(),
                                        "--workload",
                                        "poisson:rate=200,isl=10,osl=4",
                                        "--requests",
                                        "3"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class CudaReplay : public testing::Test {
 protected:
  void SetUp() override { setenv("INFERBENCH_CUDA_MODULE", INFERBENCH_EMULATED_MODULE, 1); }
  void TearDown() override { unsetenv("INFERBENCH_CUDA_MODULE"); }
};

TEST_F(CudaReplay, ServesAWorkloadByTheGpusDecoder) {
  const Ran run = run_program(cuda_replay({"--json", "-"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto result = nlohmann::json::parse(run.out);
  EXPECT_EQ(result["method"], "measured-device");
  EXPECT_EQ(result["configuration"]["deployment"]["gpu"], "emulated GPU");
  EXPECT_FALSE(result["findings"]["answers_fnv1a64"].get<std::string>().empty());
  const Ran report = run_program(cuda_replay({}));
  EXPECT_NE(report.out.find("emulated GPU"), std::string::npos);
  EXPECT_NE(report.out.find("measured-device"), std::string::npos);
}

TEST_F(CudaReplay, RefusesWhatTheGpuDoesNotExecute) {
  const auto refusal = [](const std::vector<std::string>& more) {
    const Ran run = run_program(cuda_replay(more));
    EXPECT_EQ(run.exit_code, 2);
    return run.err;
  };
  EXPECT_NE(refusal({"--weights", "w8a8"}).find("weights in w8a8"), std::string::npos);
  EXPECT_NE(refusal({"--parallel", "tp2"}).find("more than one GPU"), std::string::npos);
  EXPECT_NE(refusal({"--compare-model"}).find("--compare-model"), std::string::npos);
  EXPECT_NE(refusal({"--slice"}).find("--slice"), std::string::npos);
}

TEST(CudaReplayWithoutAGpu, SaysWhatIsMissing) {
  setenv("INFERBENCH_CUDA_MODULE", "/no/such/module.so", 1);
  const Ran run = run_program(cuda_replay({}));
  unsetenv("INFERBENCH_CUDA_MODULE");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("no CUDA module"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("inferbench doctor"), std::string::npos);
}

}  // namespace
}  // namespace inferbench

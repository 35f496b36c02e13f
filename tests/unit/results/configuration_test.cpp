#include "results/configuration.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace inferbench {
namespace {

TEST(DeploymentJson, HoldsWhatTheNumbersDependOn) {
  Deployment deployment;
  deployment.model.name = "gpt-moe-1.8t";
  deployment.gpu.name = "gb200-nvl72";
  deployment.parallel = {.tp = 2, .cp = 1, .ep = 16, .pp = 2, .dp = 1};
  deployment.precision.experts = DType::nvfp4;
  deployment.kv_capacity = Tokens(1'000'000);
  deployment.memory_available = Bytes(172.8e9);
  deployment.memory = {{.name = "experts", .bytes = Bytes(5e9), .how = "1 expert"}};
  const nlohmann::ordered_json json = deployment_json(deployment);
  EXPECT_EQ(json["gpus"], 64);
  EXPECT_EQ(json["parallel"].dump(), R"({"tp":2,"cp":1,"ep":16,"pp":2,"dp":1})");
  EXPECT_EQ(json["precision"]["experts"], "nvfp4");
  EXPECT_EQ(json["kv_capacity_tokens"], 1'000'000);
  EXPECT_EQ(json["memory_bytes"][0]["part"], "experts");
}

TEST(WorkloadJson, CountsRequestsAndKeepsNotes) {
  Workload workload;
  workload.name = "two";
  workload.requests.resize(2);
  workload.notes = {"3 rows skipped: failures"};
  const nlohmann::ordered_json json = workload_json(workload);
  EXPECT_EQ(json["requests"], 2);
  EXPECT_EQ(json["notes"][0], "3 rows skipped: failures");
}

TEST(WorkloadOptionsJson, SaysWhatIsNotTheDefault) {
  EXPECT_EQ(workload_options_json("azure:/home/ann/code.csv", {}).dump(),
            R"({"spec":"azure:code.csv","seed":0,"max_output":"longest"})");
  WorkloadOptions options;
  options.seed = 9;
  options.concurrency = 64;
  options.think_time = {.mean = std::chrono::milliseconds(1), .exponential = true};
  options.turns = TurnLengths::incremental;
  options.max_output = {.policy = MaxOutput::Policy::fixed, .tokens = Tokens(100)};
  EXPECT_EQ(workload_options_json("inferencemax-1k1k", options).dump(),
            R"({"spec":"inferencemax-1k1k","seed":9,"concurrency":64,"think_time_ns":1000000,)"
            R"("think_time_exponential":true,"turns":"incremental","max_output":"fixed",)"
            R"("max_output_tokens":100})");
}

}  // namespace
}  // namespace inferbench

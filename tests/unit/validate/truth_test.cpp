#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "harness/base/error.hpp"
#include "harness/validate/serving_point.hpp"

namespace inferbench {
namespace {

const std::string kMeasured = std::string(INFERBENCH_SOURCE_DIR) + "/../shared/data/measured/";

std::string file_of(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

constexpr const char* kE2eHeader =
    "model_path,backend,backend_version,system,precision,gemm_quant_mode,isl,osl,concurrency,"
    "tp_size,pp_size,attention_dp_size,moe_tp_size,moe_ep_size,gpus,silicon_ttft_ms,"
    "silicon_tpot_ms,flag,src,mode\n";

// 8 users, 101 tokens each in 200 + 100 x 8 = 1,000 ms on 2 GPUs: 404 tokens/s/GPU.
TEST(Truth, AServingRowIsReadWithItsThroughput) {
  const std::string row =
      "Qwen/Qwen3-32B,vllm,0.12.0,h100_sxm,,,1024,101,8,2,1,,1,1,2,200,8,,nvidia-internal,agg\n";
  const Truth truth = read_truth(file_of("e2e.csv", kE2eHeader + row));
  ASSERT_EQ(truth.points.size(), 1U);
  const ServingPoint& point = truth.points.front();
  EXPECT_EQ(point.model, "qwen3-32b");
  EXPECT_EQ(point.precision, "bf16");
  EXPECT_EQ(point.parallel.tp, 2);
  EXPECT_EQ(point.users, 8);
  EXPECT_DOUBLE_EQ(*point.tokens_s_gpu, 404);
  EXPECT_FALSE(*point.saturated());
}

TEST(Truth, WhatIsNoMeasurementOfAConfigurationIsCounted) {
  const std::string tail = ",1024,101,8,2,1,,1,1,2,200,8,";
  const std::string rows = "Qwen/Qwen3-32B,vllm,1,h100_sxm,," + tail + "mtp;,x,agg\n" +
                           "Qwen/Qwen3-32B,vllm,1,h100_sxm,," + tail + "mtp;,x,agg\n" +
                           "Unknown/Model,vllm,1,h100_sxm,," + tail + ",x,agg\n" +
                           "Qwen/Qwen3-32B,vllm,1,h100_sxm,," + tail + ",x,disagg\n";
  const Truth truth = read_truth(file_of("faults.csv", kE2eHeader + rows));
  EXPECT_TRUE(truth.points.empty());
  EXPECT_EQ(truth.left_out.at("serving_e2e: flagged mtp;"), 2U);
  EXPECT_EQ(truth.left_out.at("serving_e2e: mode disagg"), 1U);
  EXPECT_EQ(truth.left_out.size(), 3U);
}

TEST(Truth, ATimeThatIsNoneIsRefusedWithItsLine) {
  for (const char* time : {"0", "-3", "nan", "fast", ""}) {
    const std::string row = std::string("Qwen/Qwen3-32B,vllm,1,h100_sxm,,,1024,101,8,2,1,,1,1,2,") +
                            time + ",8,,x,agg\n";
    try {
      read_truth(file_of("odd.csv", kE2eHeader + row));
      FAIL() << time;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("odd.csv:2"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("silicon_ttft_ms"), std::string::npos);
    }
  }
}

TEST(Truth, AFolderWithoutAKnownFileIsRefused) {
  EXPECT_THROW(read_truth(file_of("other.csv", "a,b\n1,2\n")), Error);
  EXPECT_THROW(read_truth("/no/such/folder"), Error);
}

// Three repeats of one batch: the median of each time.
TEST(Truth, RepeatsOfABatchAreOnePoint) {
  const std::string header =
      "model,hardware,prompt_size,batch_size,token_size,prompt_time,token_time,tensor_parallel\n";
  const std::string rows =
      "llama2-70b,h100-80gb,512,2,128,90,30,4\nllama2-70b,h100-80gb,512,2,128,100,31,4\n"
      "llama2-70b,h100-80gb,512,2,128,500,32,4\n";
  const Truth truth = read_truth(file_of("batches.csv", header + rows));
  ASSERT_EQ(truth.points.size(), 1U);
  EXPECT_DOUBLE_EQ(*truth.points[0].ttft_ms, 100);
  EXPECT_DOUBLE_EQ(*truth.points[0].tpot_ms, 31);
  EXPECT_EQ(truth.points[0].requests, 2);
  EXPECT_EQ(truth.points[0].offer, Offer::at_once);
}

// 706 serving rows, of which 8 are without their concurrency; 140 published throughputs; 126
// batches in 630 rows.
TEST(Truth, TheMeasuredDataIsReadWhole) {
  if (!std::filesystem::exists(kMeasured)) GTEST_SKIP() << "no ../shared/data/measured";
  const Truth truth = read_truth(kMeasured);
  const auto count = [&](auto&& is) {
    return std::count_if(truth.points.begin(), truth.points.end(), is);
  };
  EXPECT_EQ(count([](const ServingPoint& p) { return p.offer == Offer::closed_loop; }), 698);
  EXPECT_EQ(count([](const ServingPoint& p) { return p.engine == "trtllm-cpp"; }), 140);
  EXPECT_EQ(count([](const ServingPoint& p) { return p.saturated().value_or(false); }), 9);
}

}  // namespace
}  // namespace inferbench

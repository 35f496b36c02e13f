#include "harness/catalog/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog_json.hpp"

namespace inferbench {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Catalog, NamesIgnoreCaseSpacesAndUnderscores) {
  EXPECT_EQ(find_model("Llama_3 70B").name, "llama-3-70b");
  EXPECT_EQ(find_gpu("H100 SXM").name, "h100");
  EXPECT_EQ(find_gpu("GB200_NVL72").name, "gb200-nvl72");
}

TEST(Catalog, AliasesAndHubNamesAreFound) {
  EXPECT_EQ(find_model("meta-llama/Meta-Llama-3-70B").name, "llama-3-70b");
  EXPECT_EQ(find_gpu("gb200").name, "gb200-nvl72");
  EXPECT_EQ(find_gpu("910b").name, "ascend-910b");
}

// The two things that "B200" is used for: an HGX board of 8, and a rack of 72.
TEST(Catalog, B200IsTheHgxBoardAndGb200TheRack) {
  EXPECT_EQ(find_gpu("b200").domain_size, 8);
  EXPECT_EQ(find_gpu("b200").memory.count(), 192e9);
  EXPECT_EQ(find_gpu("gb200-nvl72").domain_size, 72);
  EXPECT_EQ(find_gpu("gb200-nvl72").peaks.at(DType::fp4).count(), 10e15);
}

TEST(Catalog, AnUnknownNameIsAnsweredWithTheNearest) {
  const std::string model = message_of([] { find_model("lama-3-70b"); });
  EXPECT_NE(model.find("did you mean llama-3-70b"), std::string::npos) << model;
  EXPECT_NE(model.find("inferbench list models"), std::string::npos) << model;
  const std::string gpu = message_of([] { find_gpu("h1oo"); });
  EXPECT_NE(gpu.find("h100"), std::string::npos) << gpu;
}

TEST(Catalog, NoTwoEntriesShareAName) {
  std::set<std::string> seen;
  for (const HardwareSpec& gpu : gpus()) {
    EXPECT_TRUE(seen.insert(gpu.name).second) << gpu.name;
    for (const std::string& alias : gpu.aliases) EXPECT_TRUE(seen.insert(alias).second) << alias;
  }
  seen.clear();
  for (const ModelSpec& model : models()) {
    EXPECT_TRUE(seen.insert(model.name).second) << model.name;
    for (const std::string& alias : model.aliases) EXPECT_TRUE(seen.insert(alias).second) << alias;
  }
}

TEST(Catalog, EveryNumberHasASourceAndEveryDisagreementAReason) {
  for (const HardwareSpec& gpu : gpus()) {
    EXPECT_FALSE(gpu.source.empty()) << gpu.name;
    for (const Disagreement& row : gpu.disagreements) {
      EXPECT_FALSE(row.reason.empty()) << gpu.name;
      EXPECT_NE(row.document_value, row.catalog_value) << gpu.name << " " << row.field;
    }
  }
  for (const ModelSpec& model : models()) EXPECT_FALSE(model.source.empty()) << model.name;
}

TEST(Catalog, SparsePeaksOfAnArticleAreListedAsDisagreements) {
  const HardwareSpec b200 = find_gpu("b200");
  const auto sparse = std::find_if(
      b200.disagreements.begin(), b200.disagreements.end(),
      [](const Disagreement& row) { return row.reason.find("2:4 sparsity") != std::string::npos; });
  ASSERT_NE(sparse, b200.disagreements.end());
  EXPECT_EQ(sparse->document_value, "4500 TFLOPS");
  EXPECT_EQ(sparse->catalog_value, "2250 TFLOPS");
}

class Files : public testing::Test {
 protected:
  Files() { std::filesystem::create_directories(folder_); }
  ~Files() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      ("inferbench_catalog_" +
       std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(Files, AListedEntryCanBeSavedEditedAndGivenBack) {
  nlohmann::ordered_json gpu = catalog_json(find_gpu("h100"));
  gpu["memory_bytes"] = 94e9;
  const std::string path = write("h100-94.json", gpu.dump());
  EXPECT_EQ(find_gpu(path).memory.count(), 94e9);
  const std::string model = write("m.json", catalog_json(find_model("mixtral-8x7b")).dump());
  EXPECT_EQ(total_parameters(find_model(model)), 46702792704.0);
}

TEST_F(Files, AModelFolderIsItsConfigJson) {
  write("my-llama/config.json",
        R"({"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64,
            "intermediate_size": 128, "num_attention_heads": 4, "vocab_size": 256,
            "max_position_embeddings": 128, "torch_dtype": "bfloat16"})");
  const ModelSpec model = find_model((folder_ / "my-llama").string());
  EXPECT_EQ(model.name, "my-llama");
  EXPECT_EQ(model.kv_heads, 4);
}

TEST_F(Files, AFileOfTwoGpusIsAmbiguous) {
  const std::string path = write("two.json", catalog_json(gpus()).dump());
  EXPECT_NE(message_of([&] { find_gpu(path); }).find("holds 23 entries"), std::string::npos);
}

TEST_F(Files, WhatIsMissingIsNamed) {
  const std::string folder = message_of([&] { find_model(folder_.string()); });
  EXPECT_NE(folder.find("has no config.json"), std::string::npos) << folder;
  const std::string file = message_of([&] { find_model((folder_ / "no.json").string()); });
  EXPECT_NE(file.find("no.json"), std::string::npos) << file;
}

}  // namespace
}  // namespace inferbench

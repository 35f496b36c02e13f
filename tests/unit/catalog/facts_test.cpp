// The shipped catalogs against the collected facts they were made from, number by number.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

nlohmann::json facts(const std::string& name) {
  std::ifstream file(std::string(INFERBENCH_SOURCE_DIR) + "/../shared/facts/" + name);
  return file ? nlohmann::json::parse(file) : nlohmann::json();
}

template <class Spec>
const Spec* by_title(const std::vector<Spec>& all, const std::string& title) {
  for (const Spec& spec : all) {
    if (spec.title == title) return &spec;
  }
  return nullptr;
}

void expect_count(double value, const nlohmann::json& fact, const std::string& what) {
  EXPECT_EQ(value, fact.get<double>()) << what;
}

TEST(Facts, EveryModelHasTheParametersOfItsShape) {
  const nlohmann::json all = facts("models.json");
  if (all.is_null()) GTEST_SKIP() << "no ../shared/facts/models.json";
  EXPECT_LE(all["models"].size(), models().size());  // the catalog may know more
  for (const nlohmann::json& fact : all["models"]) {
    const std::string title = fact["name"];
    const ModelSpec* model = by_title(models(), title);
    ASSERT_NE(model, nullptr) << title;
    expect_count(total_parameters(*model), fact["params_total_computed"], title + " total");
    expect_count(active_parameters(*model), fact["params_active_computed"], title + " active");
    expect_count(embedding_parameters(*model), fact["params_embedding_computed"], title);
    expect_count(kv_bytes_per_token(*model, DType::bf16), fact["kv_bytes_per_token_16bit"], title);
    EXPECT_EQ(model->context, fact["context"]) << title;
  }
}

TEST(Facts, PublicModelsAreWithin0Point12PercentOfWhatIsPublished) {
  int checked = 0;
  for (const ModelSpec& model : models()) {
    if (model.kind != "public" || !model.published_parameters) continue;
    const double relative = total_parameters(model) / *model.published_parameters - 1;
    EXPECT_LE(std::abs(relative), 0.0012) << model.name;
    ++checked;
  }
  EXPECT_GE(checked, 25);
}

void expect_peak(const HardwareSpec& gpu, DType type, const nlohmann::json& fact) {
  const auto found = gpu.peaks.find(type);
  ASSERT_EQ(found != gpu.peaks.end(), !fact.is_null()) << gpu.name;
  if (fact.is_null()) return;
  EXPECT_DOUBLE_EQ(found->second.count(), fact.get<double>() * 1e12);
}

TEST(Facts, EveryGpuHasItsDensePeaksMemoryAndOneWayRates) {
  const nlohmann::json all = facts("gpus.json");
  if (all.is_null()) GTEST_SKIP() << "no ../shared/facts/gpus.json";
  EXPECT_EQ(all["gpus"].size(), gpus().size());
  for (const nlohmann::json& fact : all["gpus"]) {
    const std::string title = fact["name"];
    const HardwareSpec* gpu = by_title(gpus(), title);
    ASSERT_NE(gpu, nullptr) << title;
    expect_peak(*gpu, DType::bf16, fact["fp16_bf16_dense_tflops"]);
    expect_peak(*gpu, DType::fp8, fact["fp8_dense_tflops"]);
    expect_peak(*gpu, DType::fp4, fact["fp4_dense_tflops"]);
    expect_peak(*gpu, DType::int8, fact["int8_dense_tops"]);
    EXPECT_EQ(gpu->memory.count(), fact["memory_gb"].get<double>() * 1e9) << title;
    EXPECT_EQ(gpu->memory_bandwidth.count(), fact["memory_bandwidth_gbps"].get<double>() * 1e9);
    EXPECT_EQ(gpu->scale_out.count(),
              fact["scale_out_unidirectional_gbps_per_gpu"].get<double>() * 1e9);
    const nlohmann::json& link = fact["interconnect"];
    EXPECT_EQ(gpu->has_fast_link(), link["type"] != "none") << title;
    if (!gpu->has_fast_link()) continue;
    EXPECT_EQ(gpu->scale_up.count(), link["unidirectional_gbps"].get<double>() * 1e9) << title;
    EXPECT_EQ(gpu->domain_size, link["domain_size"]) << title;
  }
}

// 2:4 sparsity doubles a peak; no catalog peak may be a sparse one.
TEST(Facts, SparsePeaksAreTwiceTheDenseOnes) {
  for (const HardwareSpec& gpu : gpus()) {
    if (!gpu.sparse_bf16) continue;
    EXPECT_NEAR(gpu.sparse_bf16->count() / gpu.peaks.at(DType::bf16).count(), 2.0, 0.03)
        << gpu.name;
  }
}

// The peaks that a second, public table gives for the same parts (bytes and FLOP/s, one direction).
TEST(Facts, DataSheetTableAgreesWithTheCatalog) {
  std::ifstream file(std::string(INFERBENCH_SOURCE_DIR) + "/../shared/data/specs/gpu_specs.csv");
  if (!file) GTEST_SKIP() << "no ../shared/data/specs/gpu_specs.csv";
  const std::map<std::string, std::string> names = {
      {"a100_sxm", "a100"}, {"a30", "a30"},           {"b200_sxm", "b200"}, {"b300_sxm", "b300"},
      {"gb200", "gb200"},   {"gb300", "gb300-nvl72"}, {"h100_sxm", "h100"}, {"h200_sxm", "h200"},
      {"l4", "l4"},         {"l40s", "l40s"}};
  int checked = 0;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::stringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    const auto name = names.find(cells[0]);
    if (name == names.end()) continue;
    const HardwareSpec gpu = find_gpu(name->second);
    EXPECT_NEAR(gpu.peaks.at(DType::bf16).count() / std::stod(cells[3]), 1.0, 0.001) << gpu.name;
    EXPECT_NEAR(gpu.memory_bandwidth.count() / std::stod(cells[1]), 1.0, 0.04) << gpu.name;
    EXPECT_NEAR(gpu.power_watts, std::stod(cells[7]), 0.5) << gpu.name;
    if (gpu.usable_memory) {
      EXPECT_NEAR(gpu.usable_memory->count() / std::stod(cells[2]), 1.0, 0.006) << gpu.name;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 10);
}

}  // namespace
}  // namespace inferbench

#include "harness/catalog/gpu_file.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/catalog/catalog_json.hpp"

namespace inferbench {
namespace {

nlohmann::json minimal() {
  return {{"name", "my-gpu"},        {"peak_dense_flops_per_s", {{"bf16", 100e12}}},
          {"memory_bytes", 48e9},    {"memory_bandwidth_bytes_per_s", 900e9},
          {"domain_gpus", 4},        {"scale_out_bytes_per_s", 25e9},
          {"pcie_bytes_per_s", 32e9}};
}

std::string refusal(const nlohmann::json& json) {
  try {
    read_gpus(json.dump(), "my.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(GpuFile, APcieCardNeedsFewKeys) {
  const HardwareSpec gpu = read_gpus(minimal().dump(), "my.json").front();
  EXPECT_EQ(gpu.title, "my-gpu");
  EXPECT_EQ(gpu.source, "my.json");
  EXPECT_FALSE(gpu.has_fast_link());
  EXPECT_EQ(gpu.scale_up.count(), 32e9);  // PCIe is all there is
  EXPECT_EQ(gpu.domain_size, 4);
}

TEST(GpuFile, EveryCatalogEntrySurvivesARoundTrip) {
  const auto again = read_gpus(catalog_json(gpus()).dump(), "copy.json");
  ASSERT_EQ(again.size(), gpus().size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(catalog_json(again[i]), catalog_json(gpus()[i]));
  }
}

TEST(GpuFile, EachMissingKeyIsNamed) {
  const nlohmann::json whole = minimal();
  for (const auto& item : whole.items()) {
    nlohmann::json json = whole;
    json.erase(item.key());
    const std::string message = refusal(json);
    EXPECT_NE(message.find("my.json: \"" + item.key() + "\" is missing"), std::string::npos)
        << message;
  }
}

TEST(GpuFile, AMisspeltKeyIsAnsweredWithTheNearest) {
  nlohmann::json json = minimal();
  json["power_wats"] = 300;
  EXPECT_NE(refusal(json).find("did you mean power_watts"), std::string::npos) << refusal(json);
}

TEST(GpuFile, NumbersThatCannotBeAreRefused) {
  nlohmann::json json = minimal();
  json["memory_bytes"] = 80;  // gigabytes meant
  EXPECT_NE(refusal(json).find("the unit is bytes"), std::string::npos);
  json = minimal();
  json["memory_bandwidth_bytes_per_s"] = 0;
  EXPECT_NE(refusal(json).find("number > 0"), std::string::npos);
  json = minimal();
  json["peak_dense_flops_per_s"]["fp9"] = 1e15;
  EXPECT_NE(refusal(json).find("unknown key \"fp9\""), std::string::npos);
  json = minimal();
  json["domain_gpus"] = 0;
  EXPECT_NE(refusal(json).find("domain_gpus"), std::string::npos);
  json = minimal();
  json["link"] = "NVLink9";
  EXPECT_NE(refusal(json).find("scale_up_bytes_per_s"), std::string::npos);
}

TEST(GpuFile, AnotherSchemaIsRefused) {
  const nlohmann::json json = {{"schema", "inferbench.gpus/2"}, {"gpus", {minimal()}}};
  EXPECT_NE(refusal(json).find("this program reads inferbench.gpus/1"), std::string::npos);
}

}  // namespace
}  // namespace inferbench

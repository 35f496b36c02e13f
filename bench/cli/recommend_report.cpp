#include "bench/cli/recommend_report.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/plan/weights_fit.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

struct WeightType {
  const char* name;
  double bytes;
};
constexpr std::array<WeightType, 2> kWeightTypes = {{{"fp16", 2}, {"fp8", 1}}};

// The upper ends of the published table's rows.
const std::vector<double> kTableSizes = {20, 34, 53, 72, 102, 200, 260, 540};

std::int64_t cell(double billions, const WeightType& type, const HardwareSpec& gpu) {
  return weights_fit_count(Bytes(billions * 1e9 * type.bytes), gpu);
}

}  // namespace

std::vector<double> model_sizes(const std::string& text) {
  if (text.empty()) return kTableSizes;
  std::vector<double> sizes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string size = text.substr(begin, end - begin);
    const bool unit = !size.empty() && (size.back() == 'B' || size.back() == 'b');
    if (!unit) {
      throw Error("--model-size", "\"" + size + "\" has no unit", "expected billions of parameters",
                  "e.g. 70B, or 7B,13B,70B");
    }
    size.pop_back();
    sizes.push_back(parse_positive(size, "--model-size"));
    begin = end + 1;
  }
  return sizes;
}

RecommendedInstances recommended_instances(std::vector<double> billions,
                                           std::vector<HardwareSpec> gpus) {
  return {.billions = std::move(billions), .gpus = std::move(gpus)};
}

std::string recommended_report(const RecommendedInstances& table) {
  std::vector<std::string> header = {"parameters", "weights"};
  for (const HardwareSpec& gpu : table.gpus) header.push_back(gpu.name);
  TextTable text(header);
  for (const double size : table.billions) {
    for (const WeightType& type : kWeightTypes) {
      std::vector<std::string> row = {significant(size) + "B", type.name};
      for (const HardwareSpec& gpu : table.gpus) {
        row.push_back(std::to_string(cell(size, type, gpu)));
      }
      text.add(std::move(row));
    }
  }
  return "Rule weights-fit: the smallest power of two of GPUs, at least two, that hold the weights "
         "at 90 %\nof their memory. It knows no KV cache, no traffic and no SLO: `advise --model M "
         "--slo S --traffic W`\nsays beside its own answer where this one differs.\n\n" +
         text.str();
}

nlohmann::ordered_json recommended_json(const RecommendedInstances& table) {
  auto json = nlohmann::ordered_json::array();
  for (const double size : table.billions) {
    for (const WeightType& type : kWeightTypes) {
      for (const HardwareSpec& gpu : table.gpus) {
        json.push_back({{"parameters_billion", size},
                        {"weights", type.name},
                        {"gpu", gpu.name},
                        {"gpus", cell(size, type, gpu)}});
      }
    }
  }
  return json;
}

}  // namespace inferbench

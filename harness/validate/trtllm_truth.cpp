#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/validate/truth_readers.hpp"
#include "workloads/traces/csv_table.hpp"

namespace inferbench {
namespace {

enum ThroughputColumn : std::size_t {
  kTrtModel,
  kTrtGpu,
  kTrtGpus,
  kTrtTp,
  kTrtPp,
  kTrtEp,
  kTrtPrecision,
  kTrtIsl,
  kTrtOsl,
  kTrtTotal,
  kTrtVersion
};

std::string gpu_of(std::string_view name) {
  if (name.starts_with("H100")) return "h100";
  if (name.starts_with("A100-SXM4-80GB")) return "a100";
  return "";
}

}  // namespace

void read_trtllm_throughput(const std::string& path, Truth& truth) {
  CsvTable table(open_file(path), {"model", "gpu", "num_gpus", "tp", "pp", "ep", "precision", "isl",
                                   "osl", "total_out_tok_s", "trtllm_version"});
  while (table.next()) {
    const auto model = catalog_model(std::string(table.field(kTrtModel)));
    const std::string gpu = gpu_of(table.field(kTrtGpu));
    if (!model || gpu.empty()) {
      ++truth.left_out["trtllm: " + std::string(table.field(model ? kTrtGpu : kTrtModel)) +
                       " is not in the catalog"];
      continue;
    }
    std::string precision(table.field(kTrtPrecision));
    std::transform(precision.begin(), precision.end(), precision.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string set = "published ";
    set.append(*model).append(" ").append(gpu).append(" ").append(precision);
    ServingPoint point{.place = table.place(),
                       .set = std::move(set),
                       .model = *model,
                       .gpu = gpu,
                       .engine = "trtllm-cpp",
                       // The FP8 checkpoints come with an FP8 cache.
                       .precision = precision,
                       .parallel = {.tp = table.integer(kTrtTp, 1), .pp = table.integer(kTrtPp, 1)},
                       .isl = Tokens(table.integer(kTrtIsl, 1)),
                       .osl = Tokens(table.integer(kTrtOsl, 2)),
                       .offer = Offer::at_once};
    point.tokens_s_gpu =
        positive_number(table, kTrtTotal) / static_cast<double>(table.integer(kTrtGpus, 1));
    truth.points.push_back(std::move(point));
  }
}

}  // namespace inferbench

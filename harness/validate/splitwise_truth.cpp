#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/stats/percentile.hpp"
#include "harness/validate/truth_readers.hpp"
#include "workloads/traces/csv_table.hpp"

namespace inferbench {
namespace {

enum SplitwiseColumn : std::size_t {
  kSwModel,
  kSwHardware,
  kSwPrompt,
  kSwBatch,
  kSwTokens,
  kSwPromptTime,
  kSwTokenTime,
  kSwTp
};

struct Repeats {
  ServingPoint point;
  std::vector<double> prompt_ms, token_ms;
};

double median(std::vector<double>& samples) {
  return percentiles(samples, std::array{50.0}).front();
}

}  // namespace

void read_splitwise(const std::string& path, Truth& truth) {
  CsvTable table(open_file(path), {"model", "hardware", "prompt_size", "batch_size", "token_size",
                                   "prompt_time", "token_time", "tensor_parallel"});
  std::map<std::array<std::string, 5>, std::size_t> seen;
  std::vector<Repeats> all;
  while (table.next()) {
    const auto model = catalog_model(std::string(table.field(kSwModel)));
    const std::string gpu = table.field(kSwHardware) == "h100-80gb"   ? "h100"
                            : table.field(kSwHardware) == "a100-80gb" ? "a100"
                                                                      : "";
    if (!model || gpu.empty()) {
      ++truth.left_out["splitwise: " + std::string(table.field(model ? kSwHardware : kSwModel)) +
                       " is not in the catalog"];
      continue;
    }
    const auto text = [&](std::size_t column) { return std::string(table.field(column)); };
    const std::array<std::string, 5> key = {gpu, text(kSwTp), text(kSwPrompt), text(kSwBatch),
                                            text(kSwTokens)};
    const auto [at, fresh] = seen.emplace(key, all.size());
    if (fresh) {
      ServingPoint point{.place = table.place(),
                         .set = "splitwise " + *model + " " + gpu + " fp16",
                         .model = *model,
                         .gpu = gpu,
                         .engine = "splitwise",
                         .precision = "fp16",
                         .parallel = {.tp = table.integer(kSwTp, 1)},
                         .isl = Tokens(table.integer(kSwPrompt, 1)),
                         .osl = Tokens(table.integer(kSwTokens, 2)),
                         .offer = Offer::at_once,
                         .requests = table.integer(kSwBatch, 1)};
      all.push_back({.point = std::move(point), .prompt_ms = {}, .token_ms = {}});
    }
    Repeats& repeats = all[at->second];
    repeats.prompt_ms.push_back(positive_number(table, kSwPromptTime));
    repeats.token_ms.push_back(positive_number(table, kSwTokenTime));
  }
  for (Repeats& repeats : all) {
    repeats.point.ttft_ms = median(repeats.prompt_ms);
    repeats.point.tpot_ms = median(repeats.token_ms);
    truth.points.push_back(std::move(repeats.point));
  }
}

}  // namespace inferbench

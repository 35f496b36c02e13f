#include <array>
#include <string>

#include "harness/base/error.hpp"
#include "harness/validate/truth_readers.hpp"
#include "workloads/traces/csv_table.hpp"

namespace inferbench {
namespace {

enum E2eColumn : std::size_t {
  kModel,
  kBackend,
  kVersion,
  kSystem,
  kPrecision,
  kGemm,
  kIsl,
  kOsl,
  kUsers,
  kTp,
  kPp,
  kDp,
  kMoeTp,
  kMoeEp,
  kGpus,
  kTtft,
  kTpot,
  kFlag,
  kSource,
  kMode
};

// Why a row is no measurement of a configuration that can be replayed; empty: it is one.
std::string unusable(const CsvTable& table) {
  const std::string_view flag = table.field(kFlag);
  static constexpr std::array<std::string_view, 5> kFaults = {"suspect", "missing", "unknown",
                                                              "mtp", "corrected"};
  for (const std::string_view fault : kFaults) {
    if (flag.find(fault) != std::string_view::npos) return "flagged " + std::string(flag);
  }
  if (!catalog_model(std::string(table.field(kModel)))) {
    return "model " + std::string(table.field(kModel)) + " is not in the catalog";
  }
  if (table.field(kSystem) != "h100_sxm") return "GPU " + std::string(table.field(kSystem));
  if (table.field(kMode) != "agg") return "mode " + std::string(table.field(kMode));
  return "";
}

// Attention is tensor parallel here, and experts are split over the same ranks. The replay shards
// each expert over TP instead: the same weights and the same traffic per GPU.
ParallelConfig degrees(const CsvTable& table) {
  ParallelConfig parallel{.tp = table.integer(kTp, 1), .pp = table.integer(kPp, 1)};
  if (!table.field(kDp).empty()) parallel.dp = table.integer(kDp, 1);
  return parallel;
}

// InferenceX draws lengths at 80 to 100 % of nominal. Of the internal sweeps nobody says. Under
// SGLang prompts arrive in waves, which only equal lengths keep up; under the others they do not,
// and 5 % make as much of a difference as is measured.
double shortest_length(const CsvTable& table) {
  if (!table.field(kSource).starts_with("nvidia-internal")) return 0.8;
  return table.field(kBackend) == "sglang" ? 1.0 : 0.95;
}

std::string precision_of(const CsvTable& table) {
  const std::string gemm(table.field(kGemm));
  if (gemm.empty()) return "bf16";  // unquantised, says the data's README
  // TensorRT-LLM's FP8 checkpoints bring an FP8 cache: at TP1 twice the requests run that a 16 bit
  // one would hold.
  if (gemm == "fp8" && table.field(kBackend) == "trtllm") return "fp8,attention_math=bf16";
  // Elsewhere weights alone: keys, values and attention stay in 16 bit.
  return gemm + ",kv=bf16,attention_math=bf16,dispatch=bf16";
}

}  // namespace

void read_serving_e2e(const std::string& path, Truth& truth) {
  CsvTable table(open_file(path), {"model_path",
                                   "backend",
                                   "backend_version",
                                   "system",
                                   "precision",
                                   "gemm_quant_mode",
                                   "isl",
                                   "osl",
                                   "concurrency",
                                   "tp_size",
                                   "pp_size",
                                   "attention_dp_size",
                                   "moe_tp_size",
                                   "moe_ep_size",
                                   "gpus",
                                   "silicon_ttft_ms",
                                   "silicon_tpot_ms",
                                   "flag",
                                   "src",
                                   "mode"});
  while (table.next()) {
    if (std::string why = unusable(table); !why.empty()) {
      ++truth.left_out["serving_e2e: " + why];
      continue;
    }
    ServingPoint point{.place = table.place(),
                       .set = {},
                       .model = *catalog_model(std::string(table.field(kModel))),
                       .gpu = "h100",
                       .engine = std::string(table.field(kBackend)),
                       .precision = precision_of(table),
                       .parallel = degrees(table),
                       .isl = Tokens(table.integer(kIsl, 1)),
                       .osl = Tokens(table.integer(kOsl, 2)),
                       .shortest = shortest_length(table),
                       .users = table.integer(kUsers, 1)};
    const std::string version(table.field(kVersion));
    point.set = point.model + " " + point.engine + (version.empty() ? "" : " " + version) + " " +
                (table.field(kGemm).empty() ? "bf16" : std::string(table.field(kGemm)));
    point.ttft_ms = positive_number(table, kTtft);
    point.tpot_ms = positive_number(table, kTpot);
    const double answer_ms =
        *point.ttft_ms + static_cast<double>(point.osl.count() - 1) * *point.tpot_ms;
    point.tokens_s_gpu = 1e3 * static_cast<double>(point.users * point.osl.count()) / answer_ms /
                         static_cast<double>(table.integer(kGpus, 1));
    if (point.parallel.gpus() != table.integer(kGpus, 1)) {
      ++truth.left_out["serving_e2e: degrees and number of GPUs disagree"];
      continue;
    }
    truth.points.push_back(std::move(point));
  }
}

}  // namespace inferbench

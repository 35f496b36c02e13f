#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "harness/base/error.hpp"
#include "harness/kernel_tables/csv_rows.hpp"
#include "harness/kernel_tables/import_formats.hpp"

namespace inferbench {
namespace {

constexpr double kNsPerMs = 1e6, kNsPerUs = 1e3;
using Columns = std::vector<std::string_view>;

// Where a row goes.
struct AicRow {
  KernelOp op = KernelOp::gemm;
  std::string format;
  MeasuredRow row;
};

struct AicTable {
  std::string_view stem;  // of the file
  Columns required, optional;
  std::function<void(const CsvRows&, std::vector<AicRow>&)> read;
};

KernelDims attention_dims(const CsvRows& csv) {
  const std::int32_t head_dim = csv.whole("head_dim", 1);
  return {csv.whole("num_heads", 1), csv.whole("num_key_value_heads", 1), head_dim, head_dim,
          csv.whole_or("window_size", 0)};
}

std::string attention_format(const CsvRows& csv, std::string_view math) {
  return canonical_format(csv.text(math)) + " kv=" + canonical_format(csv.text("kv_cache_dtype"));
}

void read_gemm(const CsvRows& csv, std::vector<AicRow>& out) {
  out.push_back({KernelOp::gemm,
                 canonical_format(csv.text("gemm_dtype")),
                 {{csv.whole("n", 1), csv.whole("k", 1)},
                  static_cast<double>(csv.whole("m", 1)),
                  0,
                  csv.number("latency") * kNsPerMs}});
}

void read_context_attention(const CsvRows& csv, std::vector<AicRow>& out) {
  if (csv.whole("step") != 0) return;  // tables hold whole prompts; a chunk follows from them
  out.push_back({KernelOp::prefill_attention,
                 attention_format(csv, "attn_dtype"),
                 {attention_dims(csv), static_cast<double>(csv.whole("batch_size", 1)),
                  static_cast<double>(csv.whole("isl", 1)), csv.number("latency") * kNsPerMs}});
}

void read_generation_attention(const CsvRows& csv, std::vector<AicRow>& out) {
  out.push_back({KernelOp::decode_attention,
                 attention_format(csv, "attn_dtype"),
                 {attention_dims(csv), static_cast<double>(csv.whole("batch_size", 1)),
                  static_cast<double>(csv.whole("isl", 1) + csv.whole("step")),
                  csv.number("latency") * kNsPerMs}});
}

// MLA's cores and modules: prompts when the table is of contexts.
auto mla_reader(KernelOp op, bool context, bool module) {
  return [=](const CsvRows& csv, std::vector<AicRow>& out) {
    const std::int32_t step = csv.whole("step");
    if (context && step != 0) return;
    const std::int32_t tokens = csv.whole("isl", 1) + (context ? 0 : step);
    std::string format = attention_format(csv, "mla_dtype");
    if (module) format = canonical_format(csv.text("gemm_type")) + format.substr(format.find(' '));
    out.push_back({op,
                   format,
                   {{csv.whole("num_heads", 1)},
                    static_cast<double>(csv.whole("batch_size", 1)),
                    static_cast<double>(tokens),
                    csv.number("latency") * kNsPerMs}});
  };
}

void read_mla_bmm(const CsvRows& csv, std::vector<AicRow>& out) {
  const bool pre = csv.text("op_name") == "mla_gen_pre";
  out.push_back({pre ? KernelOp::mla_bmm_pre : KernelOp::mla_bmm_post,
                 canonical_format(csv.text("bmm_dtype")),
                 {{csv.whole("num_heads", 1)},
                  static_cast<double>(csv.whole("num_tokens", 1)),
                  0,
                  csv.number("latency") * kNsPerMs}});
}

// "balanced" or "power_law_1.2": 100 times the exponent.
std::int32_t skew_of(const CsvRows& csv) {
  const std::string_view text = csv.text("distribution");
  if (text == "balanced") return 0;
  constexpr std::string_view kPower = "power_law_";
  double exponent = 0;
  const std::string_view number = text.substr(std::min(kPower.size(), text.size()));
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), exponent);
  const bool whole = error == std::errc() && end == number.data() + number.size();
  if (text.substr(0, kPower.size()) != kPower || !whole || exponent <= 0) {
    throw Error(csv.place(), "distribution \"" + std::string(text) + "\"",
                "expected balanced or power_law_EXPONENT");
  }
  constexpr double kHundredths = 100;
  return static_cast<std::int32_t>(std::lround(exponent * kHundredths));
}

// Nemotron-H's experts are two matrices with a squared ReLU between. TensorRT-LLM's rows say so by
// their kernel, vLLM's do not. Source: the trtllm-1.3.0rc20 table itself, kernel
// moe_torch_flow_nongated.
bool is_gated(const CsvRows& csv, std::int32_t hidden, std::int32_t inter) {
  if (csv.text("kernel_source").find("nongated") != std::string_view::npos) return false;
  const bool nano = hidden == 2688 && inter == 1856;
  const bool large = inter == 5120 && (hidden == 2048 || hidden == 8192);
  const bool latent = hidden == 1024 && inter == 2688;
  return !nano && !large && !latent;
}

void read_moe(const CsvRows& csv, std::vector<AicRow>& out) {
  const std::int32_t hidden = csv.whole("hidden_size", 1), inter = csv.whole("inter_size", 1);
  out.push_back({KernelOp::moe,
                 canonical_format(csv.text("moe_dtype")),
                 {{hidden, inter, csv.whole("topk", 1), csv.whole("num_experts", 1),
                   csv.whole("moe_tp_size", 1), csv.whole("moe_ep_size", 1),
                   is_gated(csv, hidden, inter) ? 1 : 0, skew_of(csv)},
                  static_cast<double>(csv.whole("num_tokens", 1)),
                  0,
                  csv.number("latency") * kNsPerMs}});
}

auto quantise_reader(KernelOp op) {
  return [op](const CsvRows& csv, std::vector<AicRow>& out) {
    // vLLM's compute_scale is a difference of two times and can be negative: nothing was measured.
    const double ns = csv.number("latency") * kNsPerMs;
    if (ns <= 0 && csv.text("kernel_source").find("_minus_") != std::string_view::npos) return;
    out.push_back({op,
                   canonical_format(csv.text("quant_dtype")),
                   {{csv.whole("k", 1)}, static_cast<double>(csv.whole("m", 1)), 0, ns}});
  };
}

KernelOp collective_of(const CsvRows& csv) {
  const std::string_view name = csv.text("op_name");
  if (name == "alltoall") return KernelOp::all_to_all;
  const auto op = parse_kernel_op(name);
  if (op && info(*op).collective) return *op;
  throw unknown_name(csv.place(), "collective", name,
                     {"all_reduce", "all_gather", "reduce_scatter", "alltoall"});
}

void read_nccl(const CsvRows& csv, std::vector<AicRow>& out) {
  const std::string format = canonical_format(csv.text("nccl_dtype"));
  const double element = format_traits(format).weight_bytes;
  out.push_back({collective_of(csv),
                 format,
                 {{csv.whole("num_gpus", 2), 1},
                  csv.whole("message_size", 1) * element,
                  0,
                  csv.number("latency") * kNsPerMs}});
}

void read_custom_all_reduce(const CsvRows& csv, std::vector<AicRow>& out) {
  std::string format = canonical_format(csv.text("allreduce_dtype"));
  const double element = format_traits(format).weight_bytes;
  if (csv.text("kernel_source").find("eager") != std::string_view::npos) format += " eager";
  out.push_back({KernelOp::all_reduce,
                 format,
                 {{csv.whole("num_gpus", 2), 1},
                  csv.whole("message_size", 1) * element,
                  0,
                  csv.number("latency") * kNsPerMs}});
}

constexpr std::int32_t kRanksPerNode = 8;

KernelDims exchange_dims(const CsvRows& csv, std::int32_t sms) {
  return {csv.whole("node_num", 1) * kRanksPerNode, csv.whole("hidden_size", 1),
          csv.whole("num_topk", 1), csv.whole("num_experts", 1), sms};
}

void read_deepep_low_latency(const CsvRows& csv, std::vector<AicRow>& out) {
  const double tokens = csv.whole("num_token", 1);
  out.push_back({KernelOp::dispatch,
                 "fp8 deepep",
                 {exchange_dims(csv, 0), tokens, 0, csv.number("dispatch_avg_t_us") * kNsPerUs}});
  out.push_back({KernelOp::combine,
                 "bf16 deepep",
                 {exchange_dims(csv, 0), tokens, 0, csv.number("combine_avg_t_us") * kNsPerUs}});
}

void read_deepep_normal(const CsvRows& csv, std::vector<AicRow>& out) {
  const double tokens = csv.whole("num_token", 1);
  const auto time = [&](std::string_view transmit, std::string_view notify) {
    return (csv.number(transmit) + csv.number(notify)) * kNsPerUs;
  };
  out.push_back({KernelOp::dispatch,
                 "fp8 deepep",
                 {exchange_dims(csv, csv.whole("dispatch_sms", 1)), tokens, 0,
                  time("dispatch_transmit_us", "dispatch_notify_us")}});
  out.push_back({KernelOp::combine,
                 "bf16 deepep",
                 {exchange_dims(csv, csv.whole("combine_sms", 1)), tokens, 0,
                  time("combine_transmit_us", "combine_notify_us")}});
}

std::vector<AicTable> attention_tables() {
  const Columns attention = {"batch_size",          "isl",      "num_heads",
                             "num_key_value_heads", "head_dim", "attn_dtype",
                             "kv_cache_dtype",      "step",     "latency"};
  const Columns mla = {"mla_dtype", "kv_cache_dtype", "num_heads", "batch_size",
                       "isl",       "step",           "latency"};
  Columns module = mla;
  module.emplace_back("gemm_type");
  return {
      {"context_attention_perf", attention, {"window_size"}, read_context_attention},
      {"generation_attention_perf", attention, {"window_size"}, read_generation_attention},
      {"context_mla_perf", mla, {}, mla_reader(KernelOp::mla_prefill, true, false)},
      {"generation_mla_perf", mla, {}, mla_reader(KernelOp::mla_decode, false, false)},
      {"mla_context_module_perf", module, {}, mla_reader(KernelOp::mla_prefill_module, true, true)},
      {"mla_generation_module_perf",
       module,
       {},
       mla_reader(KernelOp::mla_decode_module, false, true)},
      {"mla_bmm_perf",
       {"op_name", "bmm_dtype", "num_tokens", "num_heads", "latency"},
       {},
       read_mla_bmm},
  };
}

std::vector<AicTable> exchange_tables() {
  const Columns shape = {"node_num", "hidden_size", "num_token", "num_topk", "num_experts"};
  Columns low = shape, normal = shape;
  low.insert(low.end(), {"dispatch_avg_t_us", "combine_avg_t_us"});
  normal.insert(normal.end(), {"dispatch_sms", "dispatch_transmit_us", "dispatch_notify_us",
                               "combine_sms", "combine_transmit_us", "combine_notify_us"});
  return {
      {"nccl_perf",
       {"op_name", "nccl_dtype", "num_gpus", "message_size", "latency"},
       {},
       read_nccl},
      {"custom_allreduce_perf",
       {"allreduce_dtype", "num_gpus", "message_size", "latency"},
       {},
       read_custom_all_reduce},
      {"wideep_deepep_ll_perf", low, {}, read_deepep_low_latency},
      {"wideep_deepep_normal_perf", normal, {}, read_deepep_normal},
  };
}

const std::vector<AicTable>& aic_tables() {
  static const std::vector<AicTable> tables = [] {
    const Columns rows = {"m", "k", "quant_dtype", "latency"};
    std::vector<AicTable> all = {
        {"gemm_perf", {"gemm_dtype", "m", "n", "k", "latency"}, {}, read_gemm},
        {"moe_perf",
         {"moe_dtype", "num_tokens", "hidden_size", "inter_size", "topk", "num_experts",
          "moe_tp_size", "moe_ep_size", "distribution", "latency"},
         {},
         read_moe},
        {"computescale_perf", rows, {}, quantise_reader(KernelOp::quantise_scale)},
        {"scale_matrix_perf", rows, {}, quantise_reader(KernelOp::quantise_apply)},
    };
    for (const auto& more : {attention_tables(), exchange_tables()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return tables;
}

const AicTable* aic_table_of(const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);
  const std::string stem = file.substr(0, file.find('.'));
  for (const AicTable& table : aic_tables()) {
    if (table.stem == stem) return &table;
  }
  return nullptr;
}

// Rows of one file share all of these but seldom more than one value each.
struct AicOrigin {
  std::string device, framework, version, kernel;
  bool operator==(const AicOrigin&) const = default;
};

// NCCL is the same whoever ran it.
std::string framework_of(const AicOrigin& origin) {
  return origin.kernel == "NCCL" ? "nccl" : lower_case(origin.framework);
}

}  // namespace

bool is_aiconfigurator_table(const std::string& path) {
  return aic_table_of(path) != nullptr;
}

std::size_t import_aiconfigurator(const std::string& path, const ImportOptions& options,
                                  KernelTableBuilder& builder) {
  const AicTable* const table = aic_table_of(path);
  if (table == nullptr) {
    std::vector<std::string> stems;
    for (const AicTable& known : aic_tables()) stems.emplace_back(known.stem);
    throw unknown_name(path, "aiconfigurator table", path.substr(path.rfind('/') + 1), stems);
  }
  Columns required = {"framework", "version", "device", "kernel_source"};

  required.insert(required.end(), table->required.begin(), table->required.end());
  CsvRows csv(path, required, table->optional);
  std::vector<AicRow> rows;
  std::size_t added = 0;
  AicOrigin last;
  MachineSheet machine;
  std::uint16_t kernel = 0;
  std::map<std::pair<KernelOp, std::string>, std::uint32_t> series;
  while (csv.next()) {
    const AicOrigin origin = {std::string(csv.text("device")), std::string(csv.text("framework")),
                              std::string(csv.text("version")),
                              std::string(csv.text("kernel_source"))};
    if (origin != last || added == 0) {
      machine = machine_sheet(gpu_of_device(origin.device, options.gpu, csv.place()));
      kernel = builder.kernel(origin.kernel);
      series.clear();
      last = origin;
    }
    rows.clear();
    table->read(csv, rows);
    for (const AicRow& row : rows) {
      auto at = series.find({row.op, row.format});
      if (at == series.end()) {
        const SeriesKey key{row.op,         machine.name, framework_of(origin),
                            origin.version, row.format,   "aiconfigurator: " + path};
        at = series.emplace(std::pair{row.op, row.format}, builder.series(key, machine)).first;
      }
      builder.add(at->second, row.row, kernel, csv.place());
      ++added;
    }
  }
  return added;
}

}  // namespace inferbench

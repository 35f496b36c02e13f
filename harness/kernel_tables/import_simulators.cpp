// Tables that other simulators ship: Vidur's and splitwise-sim's.
#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/kernel_tables/csv_rows.hpp"
#include "harness/kernel_tables/import_formats.hpp"

namespace inferbench {
namespace {

constexpr double kNsPerMilli = 1e6;
using SimColumns = std::vector<std::string_view>;

// One op of Vidur's rows: which one, and its sizes.
struct VidurOp {
  std::string_view column;
  KernelOp op;
  KernelDims dims;
};

std::vector<VidurOp> vidur_ops(const CsvRows& csv) {
  const std::int32_t tp = csv.whole("num_tensor_parallel_workers", 1);
  const std::int32_t hidden = csv.whole("n_embd", 1), heads = csv.whole("n_head", 1);
  const std::int32_t kv_heads = csv.whole("n_kv_head", 1), ffn = csv.whole("n_expanded_embd", 1);
  const std::int32_t head_dim = hidden / heads,
                     matrices = csv.text("use_gated_mlp") == "True" ? 2 : 1;
  // Keys and values are copied where there are more ranks than heads of them.
  const std::int32_t kv_here = std::max(1, kv_heads / tp);
  const std::int32_t qkv = (heads / tp + 2 * kv_here) * head_dim;
  return {
      {"time_stats.emb.median", KernelOp::embed, {hidden}},
      {"time_stats.input_layernorm.median", KernelOp::add_rmsnorm, {hidden}},
      {"time_stats.attn_pre_proj.median", KernelOp::gemm, {qkv, hidden}},
      {"time_stats.attn_rope.median", KernelOp::rotate, {(heads / tp + kv_here) * head_dim}},
      {"time_stats.attn_post_proj.median", KernelOp::gemm, {hidden, hidden / tp}},
      {"time_stats.post_attention_layernorm.median", KernelOp::add_rmsnorm, {hidden}},
      {"time_stats.mlp_up_proj.median", KernelOp::gemm, {matrices * ffn / tp, hidden}},
      {"time_stats.mlp_act.median", KernelOp::silu_mul, {ffn / tp}},
      {"time_stats.mlp_down_proj.median", KernelOp::gemm, {hidden, ffn / tp}},
      {"time_stats.add.median", KernelOp::add, {hidden}},
  };
}

std::uint32_t vidur_series(KernelTableBuilder& builder, KernelOp op, const MachineSheet& machine,
                           const std::string& path) {
  return builder.series({op, machine.name, "vidur", "", "fp16", "vidur: " + path}, machine);
}

std::size_t import_vidur_layers(const std::string& path, const ImportOptions& options,
                                KernelTableBuilder& builder) {
  const MachineSheet machine = machine_sheet(gpu_of_path(path, options.gpu));
  CsvRows csv(path, {"time_stats.emb.median", "time_stats.input_layernorm.median",
                     "time_stats.attn_pre_proj.median", "time_stats.attn_rope.median",
                     "time_stats.attn_post_proj.median",
                     "time_stats.post_attention_layernorm.median", "time_stats.mlp_up_proj.median",
                     "time_stats.mlp_act.median", "time_stats.mlp_down_proj.median",
                     "time_stats.add.median", "n_head", "n_kv_head", "n_embd", "n_expanded_embd",
                     "use_gated_mlp", "num_tokens", "num_tensor_parallel_workers"});
  const std::uint16_t kernel = builder.kernel("vidur");
  std::size_t added = 0;
  while (csv.next()) {
    const double tokens = csv.whole("num_tokens", 1);
    for (const VidurOp& op : vidur_ops(csv)) {
      builder.add(vidur_series(builder, op.op, machine, path),
                  {op.dims, tokens, 0, csv.number(op.column) * kNsPerMilli}, kernel, csv.place());
      ++added;
    }
  }
  return added;
}

std::size_t import_vidur_network(const std::string& path, bool sends, const ImportOptions& options,
                                 KernelTableBuilder& builder) {
  const MachineSheet machine = machine_sheet(gpu_of_path(path, options.gpu));
  const std::string_view time =
      sends ? "time_stats.send_recv.median" : "time_stats.all_reduce.median";
  CsvRows csv(path, {time, "num_workers", "size", "devices_per_node"});
  const std::uint32_t series =
      vidur_series(builder, sends ? KernelOp::send_receive : KernelOp::all_reduce, machine, path);
  const std::uint16_t kernel = builder.kernel("NCCL, without a CUDA graph");
  std::size_t added = 0;
  while (csv.next()) {
    const std::int32_t ranks = csv.whole("num_workers", 2);
    const std::int32_t nodes = std::max(1, ranks / csv.whole("devices_per_node", 1));
    builder.add(series,
                {{ranks, nodes},
                 static_cast<double>(csv.whole("size", 1)),
                 0,
                 csv.number(time) * kNsPerMilli},
                kernel, csv.place());
    ++added;
  }
  return added;
}

}  // namespace

std::size_t import_vidur(const std::string& path, const ImportOptions& options,
                         KernelTableBuilder& builder) {
  const std::vector<std::string> header = csv_header(path);
  const auto has = [&](const char* column) {
    return std::find(header.begin(), header.end(), column) != header.end();
  };
  if (has("time_stats.all_reduce.median")) {
    return import_vidur_network(path, false, options, builder);
  }
  if (has("time_stats.send_recv.median")) return import_vidur_network(path, true, options, builder);
  return import_vidur_layers(path, options, builder);
}

std::size_t import_splitwise(const std::string& path, const ImportOptions& options,
                             KernelTableBuilder& builder) {
  CsvRows csv(path, {"model", "hardware", "prompt_size", "batch_size", "token_size", "prompt_time",
                     "token_time", "tensor_parallel"});
  const std::uint16_t kernel = builder.kernel("splitwise-sim");
  std::size_t added = 0;
  while (csv.next()) {
    const MachineSheet machine =
        machine_sheet(gpu_of_device(std::string(csv.text("hardware")), options.gpu, csv.place()));
    const std::string format = "fp16 " + std::string(csv.text("model"));
    const KernelDims dims = {csv.whole("tensor_parallel", 1)};
    const double batch = csv.whole("batch_size", 1), prompt = csv.whole("prompt_size", 1);
    const auto put = [&](KernelOp op, double y, std::string_view time) {
      const std::uint32_t series = builder.series(
          {op, machine.name, "splitwise", "", format, "splitwise-sim: " + path}, machine);
      builder.add(series, {dims, batch, y, csv.number(time) * kNsPerMilli}, kernel, csv.place());
      ++added;
    };
    put(KernelOp::model_prefill, prompt, "prompt_time");
    put(KernelOp::model_decode, prompt + csv.whole("token_size", 1) / 2.0, "token_time");
  }
  return added;
}

}  // namespace inferbench

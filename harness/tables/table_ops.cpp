#include "harness/tables/table_ops.hpp"

#include <algorithm>

namespace inferbench {

std::string_view name(OpClass op_class) {
  switch (op_class) {
    case OpClass::gemm:
      return "gemm";
    case OpClass::attention:
      return "attention";
    case OpClass::moe:
      return "moe";
    case OpClass::other:
      return "other";
    case OpClass::collectives:
      return "collectives";
    case OpClass::host:
      break;
  }
  return "host";
}

const std::vector<TableOp>& table_ops() {
  static const std::vector<std::string> heads = {"q_heads", "kv_heads", "key_dim", "value_dim",
                                                 "window"};
  static const std::vector<TableOp> ops = {
      {"gemm", OpClass::gemm, {"n", "k"}, "tokens", "", false, "a linear layer"},
      {"prefill_attention", OpClass::attention, heads, "new_tokens", "cached", true,
       "one prompt's chunk, writing keys and values included"},
      {"decode_attention", OpClass::attention, heads, "requests", "context", false,
       "one new token each of some requests of equal context, the new token included"},
      {"moe",
       OpClass::moe,
       {"experts", "top_k", "hidden", "ffn", "gated"},
       "tokens",
       "",
       false,
       "routed experts and their choice"},
      {"rotate",
       OpClass::other,
       {"width", "head_dim", "bias", "head_norm"},
       "tokens",
       "",
       false,
       "rotary positions of queries and keys, and what is done to these before"},
      {"add_rmsnorm", OpClass::other, {"width"}, "tokens", "", false, "residual sum and its norm"},
      {"gelu", OpClass::other, {"width"}, "tokens", "", false, "GELU between two matrices"},
      {"silu_mul", OpClass::other, {"width"}, "tokens", "", false, "SwiGLU between two matrices"},
      {"add_shared",
       OpClass::other,
       {"width"},
       "tokens",
       "",
       false,
       "sum of routed and shared experts"},
      {"embed",
       OpClass::other,
       {"width"},
       "tokens",
       "",
       false,
       "rows of the embedding table and their norm"},
      {"sampling", OpClass::other, {"vocab"}, "rows", "", false, "the most likely token"},
      {"all_reduce",
       OpClass::collectives,
       {"ranks", "width"},
       "tokens",
       "",
       false,
       "sum over tensor-parallel ranks, waiting for the slowest included"},
      {"gather_logits",
       OpClass::collectives,
       {"ranks", "vocab"},
       "rows",
       "",
       false,
       "logits of all ranks' parts of the vocabulary, to the first"},
      {"host",
       OpClass::host,
       {"layers", "hidden"},
       "requests",
       "starting",
       false,
       "a step's work outside kernels: plan, block tables, records; and what starts in it"},
  };
  return ops;
}

const TableOp* find_table_op(std::string_view name) {
  const auto& ops = table_ops();
  const auto found =
      std::find_if(ops.begin(), ops.end(), [&](const TableOp& op) { return op.name == name; });
  return found == ops.end() ? nullptr : &*found;
}

std::string text_of(const OpSite& site) {
  std::string text = site.op + " " + site.format;
  for (const auto& [dim, size] : site.dims) {
    text += ' ';
    text += dim;
    text += '=';
    text += std::to_string(size);
  }
  return text;
}

}  // namespace inferbench

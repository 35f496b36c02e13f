#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// The class of work that an op's time counts in, as StepTiming::Parts has them.
enum class OpClass { gemm, attention, moe, other, collectives, host };
inline constexpr std::size_t kOpClasses = 6;
std::string_view name(OpClass op_class);  // "gemm"

// What a table can hold of one op.
struct TableOp {
  std::string name;
  OpClass op_class = OpClass::other;
  std::vector<std::string> dims;  // what a model fixes: "n", "k"
  std::string x, y;               // what a step varies: "tokens"; y is empty where x is all
  // Time grows with the square of x: points are joined in the square root of time.
  bool quadratic = false;
  std::string what;
};

//   gemm                n, k                                  x tokens
//   prefill_attention   q_heads, kv_heads, key_dim, value_dim, window
//                                                             x new_tokens   y cached
//   decode_attention    the same                              x requests     y context
//   moe                 experts, top_k, hidden, ffn, gated    x tokens
//   rotate              width, head_dim, bias, head_norm      x tokens
//   add_rmsnorm, silu_mul, gelu, add_shared, embed   width    x tokens
//   sampling            vocab                                 x rows
//   all_reduce          ranks, width                          x tokens
//   gather_logits       ranks, vocab                          x rows
//   host                layers, hidden                        x requests     y starting
//
// A window of 0 sees all; bias, head_norm and gated are 0 or 1.
const std::vector<TableOp>& table_ops();
const TableOp* find_table_op(std::string_view name);  // null: there is none

// An op at one place of one model: what has a curve of its own.
struct OpSite {
  std::string op;      // of table_ops()
  std::string format;  // of weights ("w8a8"), of keys and values ("bf16"), else "fp32"
  std::map<std::string, std::int64_t> dims;

  auto operator<=>(const OpSite&) const = default;
};
std::string text_of(const OpSite& site);  // "gemm w8a8 k=288 n=864"

}  // namespace inferbench

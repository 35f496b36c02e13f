#include "harness/tables/op_roof.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "kernels/attention/kv_cache.hpp"
#include "kernels/gemm/format.hpp"
#include "kernels/shapes/attention.hpp"
#include "kernels/shapes/elementwise.hpp"
#include "kernels/shapes/gemm.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {
namespace {

constexpr double kActivation = 4;  // bytes of an fp32 element

double dim(const OpSite& site, const char* name) {
  const auto found = site.dims.find(name);
  ensure(found != site.dims.end(), "a site has the dimensions of its op");
  return real(found->second);
}

Work gemm_work(const OpSite& site, double tokens) {
  return work(GemmShape{.m = tokens,
                        .n = dim(site, "n"),
                        .k = dim(site, "k"),
                        .in_bytes = kActivation,
                        .weight_bytes = gemm_format(site.format).weight_bytes(),
                        .out_bytes = kActivation});
}

Work attention_work(const OpSite& site, const AttentionLoad& load) {
  AttentionHeads heads = grouped_query_heads(dim(site, "q_heads"), dim(site, "kv_heads"),
                                             dim(site, "key_dim"), dim(site, "value_dim"),
                                             static_cast<double>(kv_bytes(kv_type(site.format))));
  heads.io_bytes = kActivation;
  return work(heads, load);
}

// Routed to experts that are drawn evenly.
Work experts_work(const OpSite& site, double tokens) {
  const double experts = dim(site, "experts"), top_k = dim(site, "top_k");
  return moe_layer_work({.tokens = tokens,
                         .tokens_here = tokens,
                         .experts = experts,
                         .top_k = top_k,
                         .rows = routed_rows(tokens, top_k),
                         .active = expected_distinct_experts(experts, top_k, tokens),
                         .hidden = dim(site, "hidden"),
                         .inter = dim(site, "ffn"),
                         .weight_bytes = gemm_format(site.format).weight_bytes()});
}

// Passes over a row in arrays of its width: what is read and written once each.
Work row_work(double elements, double reads, double writes) {
  return work(ElementwiseShape{.elements = elements,
                               .reads = reads,
                               .writes = writes,
                               .bytes_per_element = kActivation,
                               .flops_per_element = 1});
}

double fastest(const std::map<std::string, double>& rates, const std::string& format) {
  if (const auto found = rates.find(format); found != rates.end()) return found->second;
  const auto fp32 = rates.find("fp32");
  ensure(fp32 != rates.end(), "a machine's rates have fp32");
  return fp32->second;
}

}  // namespace

Work op_work(const OpSite& site, double x, double y) {
  if (site.op == "gemm") return gemm_work(site, x);
  if (site.op == "prefill_attention") {
    return attention_work(site, attention_load(y, x, dim(site, "window")));
  }
  if (site.op == "decode_attention") {
    return attention_work(site, attention_load(std::max(0.0, y - 1), 1, dim(site, "window")) * x);
  }
  if (site.op == "moe") return experts_work(site, x);
  if (site.op == "add_shared") return row_work(x * dim(site, "width"), 2, 1);
  if (site.op == "rotate") return row_work(x * dim(site, "width"), 1, 1);
  if (site.op == "add_rmsnorm") return row_work(x * dim(site, "width"), 2, 2);
  if (site.op == "gelu") return row_work(x * dim(site, "width"), 1, 1);
  if (site.op == "silu_mul") return row_work(x * dim(site, "width"), 2, 1);
  if (site.op == "embed") return row_work(x * dim(site, "width"), 1, 2);
  if (site.op == "all_reduce") return row_work(x * dim(site, "width"), dim(site, "ranks"), 1);
  if (site.op == "gather_logits") return row_work(x * dim(site, "vocab"), 1, 1);
  if (site.op == "sampling") return row_work(x * dim(site, "vocab"), 1, 0);
  ensure(site.op == "host", "every op of a table has its work");
  return {};
}

double roof_ns(const OpSite& site, double x, double y, const MachineRates& rates) {
  if (site.op == "host") return std::max(x, 1e-9);
  const Work w = op_work(site, x, y);
  const bool gemm = site.op == "gemm" || site.op == "moe";
  const double arithmetic =
      w.flops.count() / fastest(rates.arithmetic, gemm ? site.format : "fp32");
  return std::max({arithmetic, w.bytes().count() / rates.memory, 1e-9});
}

}  // namespace inferbench

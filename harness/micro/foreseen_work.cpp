#include "harness/micro/run_cases.hpp"
#include "kernels/registry.hpp"
#include "kernels/shapes/attention.hpp"
#include "kernels/shapes/elementwise.hpp"
#include "kernels/shapes/gemm.hpp"

namespace inferbench {
namespace {

constexpr double kFp32 = 4;  // what inputs are drawn in, whatever the format

double size(const KernelCase& kernel, const char* axis, double otherwise = 0) {
  const auto found = kernel.axes.find(axis);
  return found == kernel.axes.end() ? otherwise : static_cast<double>(found->second);
}

Work attention(const KernelCase& kernel) {
  const double context = size(kernel, "context"), tokens = size(kernel, "tokens", 1);
  return work(grouped_query_heads(size(kernel, "q_heads"), size(kernel, "kv_heads"),
                                  size(kernel, "head_dim"), kFp32),
              attention_load(context, tokens, size(kernel, "window")) * size(kernel, "requests"));
}

}  // namespace

std::optional<Work> foreseen_work(const KernelCase& kernel) {
  const auto has = [&](const char* axis) { return kernel.axes.contains(axis); };
  if (has("m") && has("n") && has("k")) {
    return work(GemmShape{.m = size(kernel, "m"),
                          .n = size(kernel, "n"),
                          .k = size(kernel, "k"),
                          .in_bytes = kFp32,
                          .weight_bytes = kFp32,
                          .out_bytes = kFp32});
  }
  if (has("q_heads") && has("kv_heads") && has("head_dim")) return attention(kernel);
  if (has("rows") && has("columns")) {
    return work(ElementwiseShape{.elements = size(kernel, "rows") * size(kernel, "columns"),
                                 .bytes_per_element = kFp32});
  }
  return std::nullopt;
}

std::string case_text(const KernelCase& kernel) {
  std::string text = kernel.op + " " + kernel.format;
  for (const Axis& axis : kernel_op(kernel.op).axes) {
    text += " " + axis.name + "=" + std::to_string(kernel.at(axis.name));
  }
  return text;
}

}  // namespace inferbench

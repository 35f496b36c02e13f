#include <cmath>
#include <memory>

#include "harness/micro/bound_case.hpp"
#include "harness/micro/points.hpp"
#include "harness/micro/suites.hpp"
#include "kernels/registry.hpp"
#include "results/gate/series/gate_series.hpp"

namespace inferbench {
namespace {

// Two kernels of one op may add up in another order, and quantised operands round.
constexpr double kKernelTolerance = 1e-3;

SeriesAnswer answer_of(BoundKernel& kernel) {
  kernel.run();
  SeriesAnswer answer{.tolerance = kKernelTolerance};
  for (const float value : kernel.output()) {
    const double finite = std::isfinite(value) ? static_cast<double>(value) : 0;
    answer.sum += finite;
    answer.magnitude += std::abs(finite);
  }
  return answer;
}

ReadySeries open_kernel(const KernelCase& kernel, bool check) {
  BindOptions options;
  options.check = check;
  const Implementation& implementation = preferred(kernel);
  const auto bound = std::make_shared<BoundCase>(
      kernel, std::vector<const Implementation*>{&implementation}, options);
  const BoundVariant& variant = bound->variants().front();
  ReadySeries ready;
  if (variant.status == RowStatus::skipped) ready.opened.skipped = variant.reason;
  if (variant.status == RowStatus::failed) ready.opened.wrong = variant.reason;
  if (variant.status != RowStatus::timed) return ready;
  BoundKernel* first = variant.copies.front().get();
  ready.opened.answer = answer_of(*first);
  ready.run = [bound, first] { first->run(); };
  return ready;
}

GateSeries series_of(const KernelCase& kernel) {
  std::string name = "kernel/" + kernel.op + "/" + kernel.format;
  const Op& op = kernel_op(kernel.op);
  for (const Axis& axis : op.axes) {
    const std::int64_t size = kernel.at(axis.name);
    if (size != axis.preset) name += "/" + axis.name + "=" + std::to_string(size);
  }
  return {name, [kernel](bool check) { return open_kernel(kernel, check); }};
}

}  // namespace

// Sizes at which one run takes 5 to 200 microseconds and stays in the L2 cache or near it.
std::vector<GateSeries> smoke_kernel_series() {
  const std::vector<KernelCase> cases = {
      make_case("gemm", "fp32", {{"m", 1}, {"n", 512}, {"k", 512}}),
      make_case("gemm", "bf16", {{"m", 16}, {"n", 512}, {"k", 256}}),
      make_case("gemm", "w8a8", {{"m", 16}, {"n", 512}, {"k", 512}}),
      make_case("gemm", "w4a16-g128", {{"m", 1}, {"n", 512}, {"k", 512}}),
      make_case("gemm", "w4a8-g128", {{"m", 16}, {"n", 512}, {"k", 512}}),
      make_case("prefill_attention", "bf16", {{"q_heads", 2}, {"kv_heads", 1}, {"tokens", 64}}),
      make_case("paged_decode", "fp16", {{"q_heads", 8}, {"kv_heads", 2}, {"context", 256}}),
      make_case("paged_decode", "int8", {{"q_heads", 8}, {"kv_heads", 2}, {"context", 256}}),
      make_case("rmsnorm", "bf16", {{"rows", 8}}),
      make_case("add_rmsnorm", "bf16", {{"rows", 8}}),
      make_case("silu_mul", "bf16", {{"rows", 2}}),
      make_case("rope", "bf16", {{"rows", 8}}),
      make_case("softmax", "fp32", {{"rows", 1}, {"columns", 32'000}}),
      make_case("argmax", "fp32", {{"rows", 1}, {"columns", 32'000}}),
      make_case("quant_fp8", "bf16", {{"rows", 8}}),
      make_case("sample_top_p", "fp32", {{"requests", 1}, {"vocab", 32'000}}),
      make_case("moe_route", "softmax_top_k", {{"tokens", 64}}),
  };
  std::vector<GateSeries> list;
  list.reserve(cases.size());
  for (const KernelCase& kernel : cases) list.push_back(series_of(kernel));
  return list;
}

std::vector<GateSeries> bench_kernel_series() {
  std::vector<GateSeries> list;
  for (const BenchCase& bench : suite_cases("smoke", {}, {"best"}, 1)) {
    list.push_back(series_of(bench.kernel));
  }
  return list;
}

}  // namespace inferbench

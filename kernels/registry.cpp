#include "kernels/registry.hpp"

#include <algorithm>
#include <initializer_list>

#include "harness/base/error.hpp"
#include "kernels/attention/implementations.hpp"
#include "kernels/cuda/bind/implementations.hpp"
#include "kernels/elementwise/implementations.hpp"
#include "kernels/gemm/implementations.hpp"
#include "kernels/lora/implementations.hpp"
#include "kernels/moe/implementations.hpp"
#include "kernels/sampling/implementations.hpp"

namespace inferbench {
namespace {

template <class Rows>
std::vector<std::string> names(const Rows& rows) {
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(row.name);
  return out;
}

template <class T>
std::vector<T> joined(std::initializer_list<std::vector<T>> lists) {
  std::vector<T> all;
  for (const std::vector<T>& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace

const std::vector<Op>& kernel_ops() {
  // clang-format off: one a line
  static const std::vector<Op> ops = joined<Op>({
      {gemm_op(), prefill_attention_op(), paged_decode_op(), mla_decode_op()},
      row_ops(),
      sampling_ops(),
      moe_ops(),
      lora_ops(),
  });
  // clang-format on
  return ops;
}

const std::vector<Implementation>& implementations(Device device) {
  static const std::vector<Implementation> on_gpus = cuda_implementations();
  if (device == Device::cuda) return on_gpus;
  // clang-format off: one a line
  static const std::vector<Implementation> list = joined<Implementation>({
      {
          gemm_avx512_bf16(),
          gemm_avx512_vnni(),
          gemm_avx512(),
          gemm_avx2(),
          gemm_portable(),
          gemm_openblas(),
          gemm_reference(),

          prefill_attention_avx512(),
          prefill_attention_avx2(),
          prefill_attention_portable(),
          prefill_attention_reference(),

          paged_decode_avx512(),
          paged_decode_avx2(),
          paged_decode_portable(),
          paged_decode_reference(),

          mla_decode_avx512(),
          mla_decode_avx2(),
          mla_decode_portable(),
          mla_decode_reference(),
      },
      row_implementations(),
      sampling_implementations(),
      moe_implementations(),
      lora_implementations(),
  });
  // clang-format on
  return list;
}

const Op& kernel_op(std::string_view wanted) {
  for (const Op& op : kernel_ops()) {
    if (op.name == wanted) return op;
  }
  throw unknown_name("kernel", "op", wanted, names(kernel_ops()), "inferbench list kernels");
}

std::vector<const Implementation*> implementations_of(std::string_view op, Device device) {
  std::vector<const Implementation*> found;
  for (const Implementation& i : implementations(device)) {
    if (i.op == op) found.push_back(&i);
  }
  return found;
}

const Implementation& implementation(std::string_view op, std::string_view wanted) {
  std::vector<std::string> known;
  for (const Implementation* i : implementations_of(kernel_op(op).name)) {
    if (i->name == wanted) return *i;
    known.push_back(i->name);
  }
  throw unknown_name(std::string(op), "implementation", wanted, known);
}

const Implementation& preferred(const KernelCase& kernel_case, Isa present) {
  const Implementation* reference = nullptr;
  for (const Implementation* i : implementations_of(kernel_op(kernel_case.op).name)) {
    if (!supports(*i, kernel_case, present).ok) continue;
    if (i->provider == "own") return *i;
    if (i->provider == "reference") reference = i;
  }
  ensure(reference != nullptr, "every op has a reference for each of its formats");
  return *reference;
}

KernelCase make_case(std::string_view op_name, std::string_view format,
                     const std::map<std::string, std::int64_t>& axes, std::uint64_t seed,
                     Fill fill) {
  const Op& op = kernel_op(op_name);
  KernelCase c{
      .op = op.name, .format = std::string(format), .axes = {}, .seed = seed, .fill = fill};
  if (c.format.empty()) c.format = op.formats.front();
  if (std::find(op.formats.begin(), op.formats.end(), c.format) == op.formats.end()) {
    throw unknown_name(op.name, "format", c.format, op.formats);
  }
  for (const Axis& axis : op.axes) c.axes[axis.name] = axis.preset;
  for (const auto& [wanted, size] : axes) {
    const auto axis = std::find_if(op.axes.begin(), op.axes.end(),
                                   [&name = wanted](const Axis& a) { return a.name == name; });
    if (axis == op.axes.end()) throw unknown_name(op.name, "axis", wanted, names(op.axes));
    if (size < axis->minimum) {
      throw Error(op.name, wanted + " = " + std::to_string(size),
                  "must be at least " + std::to_string(axis->minimum));
    }
    c.axes[wanted] = size;
  }
  return c;
}

}  // namespace inferbench

#include "harness/micro/foreseen_work.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/elementwise/implementations.hpp"
#include "kernels/gemm/problem.hpp"
#include "kernels/lora/problem.hpp"
#include "kernels/moe/problem.hpp"
#include "kernels/registry.hpp"
#include "kernels/sampling/problem.hpp"

namespace inferbench {
namespace {

// Inputs as drawn, the implementation's own form of them, and the output.
constexpr double kCopies = 3;

// Inputs of these are drawn in fp32, whatever the format.
KernelCase in_fp32(KernelCase c) {
  c.format = "fp32";
  return c;
}

double bytes_of_work(const KernelCase& c) {
  return foreseen_work(c).bytes().count();
}
double bytes_in_fp32(const KernelCase& c) {
  return bytes_of_work(in_fp32(c));
}

// All experts of a rank are held, those without rows too.
template <class P>
double bytes_of_experts(const KernelCase& c) {
  MoeShape routed = foreseen_routing(c);
  routed.active = static_cast<double>(experts_per_rank(c));
  return P::work_of(in_fp32(c), routed).bytes().count();
}

template <MoeMove kMove>
Work move_work(const KernelCase& c) {
  return MoeMoveProblem::work_of(c, kMove, foreseen_routing(c));
}
template <class P>
Work experts_work(const KernelCase& c) {
  return P::work_of(c, foreseen_routing(c));
}

double linear_terms(const KernelCase&) {
  return 1;
}
double sorted_terms(const KernelCase& c) {
  return std::log2(static_cast<double>(std::max<std::int64_t>(2, c.at("vocab"))));
}

struct Foreseen {
  const char* op;
  Work (*work)(const KernelCase&);
  double (*bytes)(const KernelCase&);                           // of inputs and outputs
  double (*reference_steps)(const KernelCase&) = linear_terms;  // for a FLOP or byte of work
};

// Ops on rows are in no list but their own.
constexpr Foreseen kForeseen[] = {
    {"gemm", GemmProblem::work_of, bytes_in_fp32},
    {"prefill_attention", AttentionProblem::work_of, bytes_of_work},
    {"paged_decode", AttentionProblem::work_of, bytes_of_work},
    {"mla_decode", AttentionProblem::work_of, bytes_of_work},
    {"sample", SamplingProblem::work_of, bytes_of_work, sorted_terms},
    {"sample_top_k", SamplingProblem::work_of, bytes_of_work, sorted_terms},
    {"sample_top_p", SamplingProblem::work_of, bytes_of_work, sorted_terms},
    {"moe_route", RouteProblem::work_of, bytes_of_work},
    {"moe_permute", move_work<MoeMove::permute>, bytes_of_work},
    {"moe_gemm", experts_work<MoeGemmProblem>, bytes_of_experts<MoeGemmProblem>},
    {"moe_combine", move_work<MoeMove::combine>, bytes_of_work},
    {"moe_layer", experts_work<MoeLayerProblem>, bytes_of_experts<MoeLayerProblem>},
    {"lora", LoraProblem::work_of, LoraProblem::held_bytes},
};
constexpr Foreseen kRows{"", row_work, bytes_in_fp32};

const Foreseen& foreseen(const KernelCase& c) {
  for (const Foreseen& f : kForeseen) {
    if (c.op == f.op) return f;
  }
  return kRows;
}

}  // namespace

Work foreseen_work(const KernelCase& kernel) {
  return foreseen(kernel).work(kernel);
}

double foreseen_memory(const KernelCase& kernel) {
  return kCopies * foreseen(kernel).bytes(kernel);
}

double foreseen_reference_steps(const KernelCase& kernel) {
  const Foreseen& f = foreseen(kernel);
  const Work work = f.work(kernel);
  return std::max(work.flops.count(), work.bytes().count()) * f.reference_steps(kernel);
}

std::string case_text(const KernelCase& kernel) {
  std::string text = kernel.op + " " + kernel.format;
  for (const Axis& axis : kernel_op(kernel.op).axes) {
    text += " " + axis.name + "=" + std::to_string(kernel.at(axis.name));
  }
  return text;
}

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/gemm/weights.hpp"
#include "kernels/moe/expert_rows.hpp"
#include "kernels/moe/router.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {

// The choices of a batch on the hottest of `ep` ranks, each of which has ceil(experts / ep)
// experts: it is the rank that the others wait for. Axes tokens (of all ranks together), experts,
// top_k, ep and skew_permille (of the power-law exponent of expert popularity, 0: all alike).
struct MoeRouting {
  explicit MoeRouting(const KernelCase& c);  // throws Error for axes that do not fit together

  ExpertRouter router;
  std::vector<float> logits;                      // [tokens, experts]
  std::vector<std::int32_t> experts;              // [tokens, top_k]
  std::vector<float> weights;                     // the same
  std::int64_t tokens = 0, first = 0, count = 0;  // experts first .. first + count are here
  ExpertRows rows;

  MoeShape shape() const;  // without hidden, inter and bytes
};

// Its shape, before inputs are drawn: by drawing the choices alone, or, where those would be very
// many, with what is expected if experts are equally popular and ranks equally loaded.
MoeShape foreseen_routing(const KernelCase& kernel_case);

// Experts that each rank (but the last) has.
std::int64_t experts_per_rank(const KernelCase& kernel_case);

// logits [tokens, experts] to experts and weights. Formats: softmax, softmax_top_k, sigmoid, and
// sigmoid_grouped (8 groups, of which 4; DeepSeek-V3).
//
//   out  [2, tokens, top_k]   experts, then weights
class RouteProblem final : public Problem {
 public:
  explicit RouteProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_); }
  static Work work_of(const KernelCase& kernel_case);  // before inputs are drawn
  std::size_t outputs() const override {
    return static_cast<std::size_t>(2 * tokens * router.top_k);
  }
  Oracle oracle(std::size_t most) const override;

  ExpertRouter router;
  std::int64_t tokens = 0;
  std::vector<float> logits, bias;

 private:
  KernelCase case_;
};

enum class MoeMove { permute, combine };

// Tokens to rows sorted by expert, or rows back to tokens.
//
//   permute: in [tokens, hidden]; out [rows, hidden], then the offset of each expert's rows and
//            their end, as fp32
//   combine: in [rows, hidden]; out [tokens, hidden]
class MoeMoveProblem final : public Problem {
 public:
  MoeMoveProblem(const KernelCase& kernel_case, MoeMove move);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_, move, routing.shape()); }
  static Work work_of(const KernelCase& kernel_case, MoeMove move, MoeShape routed);
  std::size_t outputs() const override;
  Oracle oracle(std::size_t most) const override;

  MoeMove move;
  MoeRouting routing;
  std::int64_t hidden = 0;
  std::vector<float> in;

 private:
  KernelCase case_;
};

// out[rows of e, n] = in[rows of e, k] * weights[e] [n, k], for the experts of a rank.
class MoeGemmProblem final : public Problem {
 public:
  explicit MoeGemmProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_, routing.shape()); }
  static Work work_of(const KernelCase& kernel_case, MoeShape routed);
  std::size_t outputs() const override;
  Oracle oracle(std::size_t most) const override;

  MoeRouting routing;
  std::int64_t n = 0, k = 0;
  std::vector<float> in;             // [rows, k], representable in the activation type
  std::vector<GemmWeights> weights;  // of each expert here

 private:
  KernelCase case_;
};

// A whole layer on one rank: router, gather, gate and up, SwiGLU, down, combine.
//
//   in   [tokens, hidden]   fp32, representable in the activation type
//   out  [tokens, hidden]   fp32: the sum over the experts of this rank
class MoeLayerProblem final : public Problem {
 public:
  explicit MoeLayerProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_, routing.shape()); }
  static Work work_of(const KernelCase& kernel_case, MoeShape routed);
  std::size_t outputs() const override { return in.size(); }
  Oracle oracle(std::size_t most) const override;

  MoeShape moe_shape() const;

  MoeRouting routing;
  std::int64_t hidden = 0, inter = 0;
  std::vector<float> in;
  std::vector<GemmWeights> gate_up, down;  // of each expert here

 private:
  KernelCase case_;
};

}  // namespace inferbench

#include "kernels/elementwise/implementations.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "harness/base/error.hpp"
#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/elementwise/kernels.hpp"
#include "kernels/elementwise/problem.hpp"

namespace inferbench {
namespace {

class Bound final : public BoundKernel {
 public:
  Bound(const RowProblem& p, RowKernel kernel, unsigned threads)
      : p_(p),
        kernel_(kernel),
        out_(gives_codes(p.op) ? (all() + 3) / 4 : p.outputs()),
        residual_(gives_codes(p.op) && adds_residual(p.op) ? all() : 0),
        scale_(gives_codes(p.op) ? static_cast<std::size_t>(p.rows) : 0),
        team_(threads) {
    poison();
  }

  void run() override { compute_rows(p_.op, kernel_, buffers(), team_, workspace_); }

  void poison() override {
    out_.poison(), residual_.poison(), scale_.poison();
    if (!gives_codes(p_.op)) return;
    const std::span<std::uint8_t> all_codes = codes();
    std::fill(all_codes.begin(), all_codes.end(), unwritten());
  }
  std::span<const float> output() override {
    if (!gives_codes(p_.op)) return out_.span();
    decoded_.clear();
    decoded_.reserve(p_.outputs());
    const std::span<std::uint8_t> all_codes = codes();
    for (std::size_t i = 0; i < all_codes.size(); ++i) {
      const float scale = scale_.span()[i / static_cast<std::size_t>(p_.columns)];
      decoded_.push_back(decode(all_codes[i]) * scale);
    }
    decoded_.insert(decoded_.end(), residual_.span().begin(), residual_.span().end());
    return decoded_;
  }
  bool guards_intact() const override {
    return out_.guards_intact() && residual_.guards_intact() && scale_.guards_intact();
  }

 private:
  std::size_t all() const { return static_cast<std::size_t>(p_.rows * p_.columns); }
  // Codes lie in the bytes of `out`.
  std::span<std::uint8_t> codes() {
    return {reinterpret_cast<std::uint8_t*>(out_.span().data()), all()};
  }
  // No kernel gives these: -128, and e4m3's NaN.
  std::uint8_t unwritten() const { return gives_fp8(p_.op) ? 0x7F : 0x80; }
  float decode(std::uint8_t code) const {
    if (gives_fp8(p_.op)) return e4m3_to_float(code);
    return code == unwritten() ? std::numeric_limits<float>::quiet_NaN()
                               : static_cast<float>(static_cast<std::int8_t>(code));
  }

  RowBuffers buffers() {
    RowBuffers b{.rows = p_.rows, .columns = p_.columns};
    if (p_.bf16) {
      b.x16 = p_.x16, b.y16 = p_.y16;
    } else {
      b.x = p_.x, b.y = p_.y;
    }
    b.weight = p_.weight, b.bias = p_.bias, b.cosine = p_.cosine, b.sine = p_.sine;
    b.head = kRopeHead;
    const std::span<float> out = out_.span();
    if (gives_codes(p_.op)) {
      b.codes = codes(), b.scale = scale_.span(), b.residual = residual_.span();
    } else if (adds_residual(p_.op)) {
      b.out = out.first(all()), b.residual = out.subspan(all());
    } else {
      b.out = out;
    }
    return b;
  }

  RowProblem p_;
  RowKernel kernel_;
  GuardedOutput out_, residual_, scale_;
  std::vector<float> decoded_;
  RowWorkspace workspace_;
  ThreadTeam team_;
};

// In fp64, as the oracle.
class Reference final : public BoundKernel {
 public:
  explicit Reference(const RowProblem& p) : p_(p), out_(p.outputs()) {}

  void run() override {
    const Oracle o = p_.oracle(static_cast<std::size_t>(p_.rows * p_.columns));
    for (std::size_t i = 0; i < o.index.size(); ++i) {
      out_.span()[o.index[i]] = static_cast<float>(o.value[i]);
    }
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  RowProblem p_;
  GuardedOutput out_;
};

struct Row {
  RowOp op;
  const char *name, *summary;
  std::unique_ptr<Problem> (*problem)(const KernelCase&);
};

template <RowOp kOp>
std::unique_ptr<Problem> make_problem(const KernelCase& c) {
  return std::make_unique<RowProblem>(c, kOp);
}

const Row kRows[] = {
    {RowOp::rmsnorm, "rmsnorm", "x / sqrt(mean(x^2) + eps) * weight", make_problem<RowOp::rmsnorm>},
    {RowOp::add_rmsnorm, "add_rmsnorm", "x + y, and its rmsnorm, in one pass",
     make_problem<RowOp::add_rmsnorm>},
    {RowOp::layernorm, "layernorm", "(x - mean) / deviation * weight + bias",
     make_problem<RowOp::layernorm>},
    {RowOp::silu_mul, "silu_mul", "silu(x) * y: the gate of an MLP", make_problem<RowOp::silu_mul>},
    {RowOp::rope, "rope", "heads of 128 rotated by their position", make_problem<RowOp::rope>},
    {RowOp::softmax, "softmax", "exp(x - max) / sum of each row", make_problem<RowOp::softmax>},
    {RowOp::argmax, "argmax", "greedy sampling: index of the largest of each row",
     make_problem<RowOp::argmax>},
    {RowOp::add, "add", "x + y: a residual", make_problem<RowOp::add>},
    {RowOp::silu, "silu", "x / (1 + exp(-x))", make_problem<RowOp::silu>},
    {RowOp::mul, "mul", "x * y", make_problem<RowOp::mul>},
    {RowOp::quant_int8, "quant_int8", "int8 codes and a scale per row",
     make_problem<RowOp::quant_int8>},
    {RowOp::quant_fp8, "quant_fp8", "e4m3 codes and a scale per row",
     make_problem<RowOp::quant_fp8>},
    {RowOp::rmsnorm_quant_int8, "rmsnorm_quant_int8", "rmsnorm to int8 codes in one pass",
     make_problem<RowOp::rmsnorm_quant_int8>},
    {RowOp::rmsnorm_quant_fp8, "rmsnorm_quant_fp8", "rmsnorm to e4m3 codes in one pass",
     make_problem<RowOp::rmsnorm_quant_fp8>},
    {RowOp::add_rmsnorm_quant_int8, "add_rmsnorm_quant_int8",
     "x + y, and its rmsnorm to int8 codes, in one pass",
     make_problem<RowOp::add_rmsnorm_quant_int8>},
    {RowOp::add_rmsnorm_quant_fp8, "add_rmsnorm_quant_fp8",
     "x + y, and its rmsnorm to e4m3 codes, in one pass",
     make_problem<RowOp::add_rmsnorm_quant_fp8>},
};

const std::vector<std::string> kFormats = {"fp32", "bf16"};

using Pick = RowKernel (*)(RowOp, bool);

template <Pick kPick>
std::unique_ptr<BoundKernel> bind(const Problem& problem, unsigned threads) {
  const auto& p = dynamic_cast<const RowProblem&>(problem);
  return std::make_unique<Bound>(p, kPick(p.op, p.bf16), threads);
}

template <RowKernel (*kPick)(bool)>
std::unique_ptr<BoundKernel> bind_online(const Problem& problem, unsigned threads) {
  const auto& p = dynamic_cast<const RowProblem&>(problem);
  return std::make_unique<Bound>(p, kPick(p.bf16), threads);
}

std::unique_ptr<BoundKernel> bind_reference(const Problem& problem, unsigned) {
  return std::make_unique<Reference>(dynamic_cast<const RowProblem&>(problem));
}

}  // namespace

std::vector<Op> row_ops() {
  std::vector<Op> ops;
  for (const Row& r : kRows) {
    ops.push_back({.name = r.name,
                   .summary = r.summary,
                   .axes = {{.name = "rows", .preset = 256, .meaning = "tokens"},
                            {.name = "columns", .preset = 4096, .meaning = "elements of a row"}},
                   .formats = kFormats,
                   .problem = r.problem});
  }
  return ops;
}

Work row_work(const KernelCase& c) {
  const auto* const row = std::find_if(std::begin(kRows), std::end(kRows),
                                       [&](const Row& r) { return c.op == r.name; });
  ensure(row != std::end(kRows), "an op on rows");
  return RowProblem::work_of(c, row->op);
}

std::vector<Implementation> row_implementations() {
  std::vector<Implementation> list;
  for (const Row& r : kRows) {
    const auto add = [&](const char* name, const char* provider, Isa needs, const char* summary,
                         decltype(Implementation::bind) bind_with) {
      list.push_back({.op = r.name,
                      .name = name,
                      .provider = provider,
                      .needs = needs,
                      .formats = kFormats,
                      .summary = summary,
                      .bind = bind_with});
    };
    add("avx512", "own", Isa::avx512, "vectors of 16", bind<row_kernel_avx512>);
    add("avx2", "own", Isa::avx2, "vectors of 8", bind<row_kernel_avx2>);
    add("portable", "own", Isa::portable, "vectors of 4, of the compiler",
        bind<row_kernel_portable>);
    if (r.op == RowOp::softmax) {
      constexpr const char* kOnline = "maximum and sum in one pass";
      add("avx512_online", "own", Isa::avx512, kOnline, bind_online<online_softmax_avx512>);
      add("avx2_online", "own", Isa::avx2, kOnline, bind_online<online_softmax_avx2>);
      add("portable_online", "own", Isa::portable, kOnline, bind_online<online_softmax_portable>);
    }
    add("reference", "reference", Isa::portable, "one loop per axis, in fp64", bind_reference);
  }
  return list;
}

}  // namespace inferbench

#include "kernels/elementwise/implementations.hpp"

#include <memory>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/elementwise/kernels.hpp"

namespace inferbench {
namespace {

class Bound final : public BoundKernel {
 public:
  Bound(const RowProblem& p, RowKernel kernel, unsigned threads)
      : p_(p), kernel_(kernel), out_(p.outputs()), team_(threads) {}

  void run() override {
    team_.run([&](unsigned rank) {
      const Range mine = share(p_.rows, rank, team_.size());
      for (std::int64_t r = mine.begin; r < mine.end; ++r) run_row(r);
    });
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  void run_row(std::int64_t r) {
    const std::int64_t at = r * p_.columns;
    RowCall c;
    c.n = p_.columns;
    if (p_.bf16) {
      c.x = p_.x16.data() + at, c.y = p_.y16.data() + (p_.has_y() ? at : 0);
    } else {
      c.x = p_.x.data() + at, c.y = p_.y.data() + (p_.has_y() ? at : 0);
    }
    c.weight = p_.weight.data(), c.bias = p_.bias.data();
    if (p_.op == RowOp::rope) {
      c.weight = p_.cosine.data() + r * kRopeHead / 2;
      c.bias = p_.sine.data() + r * kRopeHead / 2;
    }
    float* out = out_.span().data();
    c.out = out + (p_.op == RowOp::argmax ? r : at);
    c.residual = p_.op == RowOp::add_rmsnorm ? out + p_.rows * p_.columns + at : nullptr;
    kernel_(c);
  }

  RowProblem p_;
  RowKernel kernel_;
  GuardedOutput out_;
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
};

const std::vector<std::string> kFormats = {"fp32", "bf16"};

using Pick = RowKernel (*)(RowOp, bool);

template <Pick kPick>
std::unique_ptr<BoundKernel> bind(const Problem& problem, unsigned threads) {
  const auto& p = dynamic_cast<const RowProblem&>(problem);
  return std::make_unique<Bound>(p, kPick(p.op, p.bf16), threads);
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
    add("reference", "reference", Isa::portable, "one loop per axis, in fp64", bind_reference);
  }
  return list;
}

}  // namespace inferbench

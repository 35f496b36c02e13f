#include "kernels/lora/implementations.hpp"

#include <algorithm>
#include <memory>

#include "kernels/lora/problem.hpp"

namespace inferbench {
namespace {

class Bound : public BoundKernel {
 public:
  explicit Bound(const LoraProblem& p) : p_(p), out_(p.outputs()) {}
  void poison() final { out_.poison(); }
  std::span<const float> output() final { return out_.span(); }
  bool guards_intact() const final { return out_.guards_intact(); }

 protected:
  LoraProblem p_;
  GuardedOutput out_;
};

class Own final : public Bound {
 public:
  Own(const LoraProblem& p, Isa isa, unsigned threads)
      : Bound(p), adapters_(p_.adapters()), isa_(isa), team_(threads) {}

  void run() override {
    std::fill(out_.span().begin(), out_.span().end(), 0.0F);
    add_lora(adapters_, p_.adapter_of, p_.in, out_.span(), team_, workspace_, isa_);
  }

 private:
  std::vector<LoraAdapter> adapters_;
  Isa isa_;
  LoraWorkspace workspace_;
  ThreadTeam team_;
};

class Reference final : public Bound {
 public:
  using Bound::Bound;

  void run() override {
    const Oracle o = p_.oracle(p_.outputs());
    for (std::size_t i = 0; i < o.index.size(); ++i) {
      out_.span()[o.index[i]] = static_cast<float>(o.value[i]);
    }
  }
};

const LoraProblem& lora(const Problem& p) {
  return dynamic_cast<const LoraProblem&>(p);
}

template <Isa kIsa>
std::unique_ptr<BoundKernel> bind(const Problem& p, unsigned threads) {
  return std::make_unique<Own>(lora(p), kIsa, threads);
}

}  // namespace

std::vector<Op> lora_ops() {
  return {{.name = "lora",
           .summary = "low-rank updates by several adapters: shrink and expand, grouped",
           .axes = {{.name = "rows", .preset = 32, .meaning = "tokens, each with an adapter"},
                    {.name = "adapters", .preset = 8, .meaning = "that rows choose from"},
                    {.name = "rank", .preset = 16, .meaning = "of every adapter"},
                    {.name = "in", .preset = 4096, .meaning = "input features"},
                    {.name = "out", .preset = 4096, .meaning = "output features"}},
           .formats = {"bf16"},
           .problem = [](const KernelCase& c) -> std::unique_ptr<Problem> {
             return std::make_unique<LoraProblem>(c);
           }}};
}

std::vector<Implementation> lora_implementations() {
  std::vector<Implementation> list;
  const auto add = [&](const char* name, const char* provider, Isa needs, const char* summary,
                       decltype(Implementation::bind) bind_with) {
    list.push_back({.op = "lora",
                    .name = name,
                    .provider = provider,
                    .needs = needs,
                    .formats = {"bf16"},
                    .summary = summary,
                    .bind = bind_with});
  };
  constexpr const char* kSummary = "rows grouped by adapter, four side by side";
  add("avx512", "own", Isa::avx512, kSummary, bind<Isa::avx512>);
  add("avx2", "own", Isa::avx2, kSummary, bind<Isa::avx2>);
  add("portable", "own", Isa::portable, kSummary, bind<Isa::portable>);
  add("reference", "reference", Isa::portable, "one loop per axis, sums in fp64",
      [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
        return std::make_unique<Reference>(lora(p));
      });
  return list;
}

}  // namespace inferbench

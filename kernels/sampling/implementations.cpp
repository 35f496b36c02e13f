#include "kernels/sampling/implementations.hpp"

#include <memory>

#include "kernels/cpu/buffer.hpp"
#include "kernels/sampling/problem.hpp"

namespace inferbench {
namespace {

// Tokens of a problem, by either way to find them.
class Bound : public BoundKernel {
 public:
  explicit Bound(const SamplingProblem& p) : p_(p), tokens_(p.outputs()), out_(p.outputs()) {}

  void run() final {
    choose();
    for (std::size_t r = 0; r < tokens_.size(); ++r) {
      out_.span()[r] = static_cast<float>(tokens_[r]);
    }
  }
  void poison() final { out_.poison(); }
  std::span<const float> output() final { return out_.span(); }
  bool guards_intact() const final { return out_.guards_intact(); }

 protected:
  virtual void choose() = 0;

  SamplingProblem p_;
  std::vector<std::int32_t> tokens_;

 private:
  GuardedOutput out_;
};

class Own final : public Bound {
 public:
  Own(const SamplingProblem& p, Isa isa, unsigned threads)
      : Bound(p), sampler_(p.vocabulary, isa), team_(threads) {}

 private:
  void choose() override { sampler_.sample(p_.logits, p_.requests, tokens_, team_); }

  Sampler sampler_;
  ThreadTeam team_;
};

class Reference final : public Bound {
 public:
  using Bound::Bound;

 private:
  void choose() override {
    const auto n = static_cast<std::size_t>(p_.vocabulary);
    for (std::size_t r = 0; r < tokens_.size(); ++r) {
      tokens_[r] = sample_reference({p_.logits.data() + r * n, n}, p_.requests[r]);
    }
  }
};

const SamplingProblem& sampling(const Problem& p) {
  return dynamic_cast<const SamplingProblem&>(p);
}

template <Isa kIsa>
std::unique_ptr<BoundKernel> bind(const Problem& p, unsigned threads) {
  return std::make_unique<Own>(sampling(p), kIsa, threads);
}

const std::vector<std::string> kFormats = {"fp32"};

}  // namespace

std::vector<Op> sampling_ops() {
  const Axis requests{.name = "requests", .preset = 32, .meaning = "tokens to sample"};
  const Axis vocab{.name = "vocab", .preset = 128256, .meaning = "logits of a request"};
  const Axis temperature{.name = "temperature_permille",
                         .preset = 1000,
                         .meaning = "1000 times the temperature; 0: greedy",
                         .minimum = 0};
  const Axis top_k{.name = "top_k", .preset = 50, .meaning = "tokens kept"};
  const Axis any_k{.name = "top_k", .preset = 0, .meaning = "tokens kept; 0: all", .minimum = 0};
  const Axis top_p{.name = "top_p_permille",
                   .preset = 900,
                   .meaning = "1000 times the share of probability kept"};
  const auto problem = [](const KernelCase& c) -> std::unique_ptr<Problem> {
    return std::make_unique<SamplingProblem>(c);
  };
  return {{.name = "sample",
           .summary = "a token drawn from softmax(logits / temperature)",
           .axes = {requests, vocab, temperature},
           .formats = kFormats,
           .problem = problem},
          {.name = "sample_top_k",
           .summary = "a token drawn from the k most likely",
           .axes = {requests, vocab, top_k, temperature},
           .formats = kFormats,
           .problem = problem},
          {.name = "sample_top_p",
           .summary = "a token drawn from the fewest that hold a share p of the probability",
           .axes = {requests, vocab, top_p, any_k, temperature},
           .formats = kFormats,
           .problem = problem}};
}

std::vector<Implementation> sampling_implementations() {
  std::vector<Implementation> list;
  for (const char* op : {"sample", "sample_top_k", "sample_top_p"}) {
    const auto add = [&](const char* name, const char* provider, Isa needs, const char* summary,
                         decltype(Implementation::bind) bind_with) {
      list.push_back({.op = op,
                      .name = name,
                      .provider = provider,
                      .needs = needs,
                      .formats = kFormats,
                      .summary = summary,
                      .bind = bind_with});
    };
    constexpr const char* kSummary = "selection by block maxima and histogram, no sort";
    add("avx512", "own", Isa::avx512, kSummary, bind<Isa::avx512>);
    add("avx2", "own", Isa::avx2, kSummary, bind<Isa::avx2>);
    add("portable", "own", Isa::portable, kSummary, bind<Isa::portable>);
    add("reference", "reference", Isa::portable, "sorts all tokens",
        [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
          return std::make_unique<Reference>(sampling(p));
        });
  }
  return list;
}

}  // namespace inferbench

#include "kernels/moe/implementations.hpp"

#include <memory>
#include <utility>

#include "kernels/cpu/buffer.hpp"
#include "kernels/moe/layer.hpp"
#include "kernels/moe/problem.hpp"
#include "kernels/moe/reference.hpp"

namespace inferbench {
namespace {

class BoundMoe : public BoundKernel {
 public:
  BoundMoe(std::size_t outputs, unsigned threads) : out_(outputs), team_(threads) {}
  void poison() final { out_.poison(); }
  std::span<const float> output() final { return out_.span(); }
  bool guards_intact() const final { return out_.guards_intact(); }

 protected:
  GuardedOutput out_;
  ThreadTeam team_;
};

// The oracle's answer for every output.
template <class P>
class Reference final : public BoundMoe {
 public:
  explicit Reference(const P& p) : BoundMoe(p.outputs(), 1), problem_(p) {}

  void run() override {
    const Oracle o = problem_.oracle(problem_.outputs());
    for (std::size_t i = 0; i < o.index.size(); ++i) {
      out_.span()[o.index[i]] = static_cast<float>(o.value[i]);
    }
  }

 private:
  P problem_;
};

class BoundRoute final : public BoundMoe {
 public:
  BoundRoute(const RouteProblem& p, Isa isa, unsigned threads)
      : BoundMoe(p.outputs(), threads), p_(p), isa_(isa), experts_(p.outputs() / 2) {}

  void run() override {
    const std::size_t half = experts_.size();
    moe_route(p_.router, p_.logits, p_.bias, experts_, out_.span().subspan(half), team_, isa_);
    for (std::size_t i = 0; i < half; ++i) out_.span()[i] = static_cast<float>(experts_[i]);
  }

 private:
  RouteProblem p_;
  Isa isa_;
  std::vector<std::int32_t> experts_;
};

class BoundMove final : public BoundMoe {
 public:
  BoundMove(const MoeMoveProblem& p, Isa isa, unsigned threads)
      : BoundMoe(p.outputs(), threads), p_(p), isa_(isa) {}

  void run() override {
    const MoeRouting& r = p_.routing;
    if (p_.move == MoeMove::combine) {
      return moe_combine(p_.in, r.weights, r.rows, out_.span(), team_, isa_);
    }
    order_by_expert(r.experts, r.router.top_k, r.first, r.count, rows_);
    const auto gathered = static_cast<std::size_t>(rows_.rows() * p_.hidden);
    moe_gather(p_.in, rows_, out_.span().first(gathered), team_);
    for (std::size_t e = 0; e < rows_.offsets.size(); ++e) {
      out_.span()[gathered + e] = static_cast<float>(rows_.offsets[e]);
    }
  }

 private:
  MoeMoveProblem p_;
  Isa isa_;
  ExpertRows rows_;
};

std::vector<PackedLinear> pack(const std::vector<GemmWeights>& weights, Isa isa) {
  std::vector<PackedLinear> packed;
  packed.reserve(weights.size());
  for (const GemmWeights& w : weights) {
    packed.emplace_back(w, LayerScales{}, best_level(*w.format, isa));
  }
  return packed;
}

class BoundMoeGemm final : public BoundMoe {
 public:
  BoundMoeGemm(const MoeGemmProblem& p, Isa isa, unsigned threads)
      : BoundMoe(p.outputs(), threads),
        experts_(pack(p.weights, isa)),
        rows_(p.routing.rows),
        in_(p.in) {}

  void run() override { moe_gemm(experts_, rows_, in_, out_.span(), team_, workspace_); }

 private:
  std::vector<PackedLinear> experts_;
  ExpertRows rows_;
  std::vector<float> in_;
  LinearWorkspace workspace_;
};

class BoundMoeLayer final : public BoundMoe {
 public:
  BoundMoeLayer(const MoeLayerProblem& p, Isa isa, bool fused, unsigned threads)
      : BoundMoe(p.outputs(), threads),
        routing_(p.routing),
        layer_(pack(p.gate_up, isa), pack(p.down, isa), isa),
        in_(p.in),
        isa_(isa),
        fused_(fused) {}

  void run() override {
    MoeRouting& r = routing_;
    moe_route(r.router, r.logits, {}, r.experts, r.weights, team_, isa_);
    order_by_expert(r.experts, r.router.top_k, r.first, r.count, r.rows);
    if (fused_) {
      layer_.run(in_, r.weights, r.rows, out_.span(), team_, workspace_);
    } else {
      layer_.run_unfused(in_, r.weights, r.rows, out_.span(), team_, workspace_);
    }
  }

 private:
  MoeRouting routing_;
  MoeLayer layer_;
  MoeWorkspace workspace_;
  std::vector<float> in_;
  Isa isa_;
  bool fused_;
};

template <class P>
const P& as(const Problem& p) {
  return dynamic_cast<const P&>(p);
}

using Bind = std::unique_ptr<BoundKernel> (*)(const Problem&, unsigned);

template <class P, class Bound, Isa kIsa>
std::unique_ptr<BoundKernel> bind(const Problem& p, unsigned threads) {
  return std::make_unique<Bound>(as<P>(p), kIsa, threads);
}
template <Isa kIsa, bool kFused>
std::unique_ptr<BoundKernel> bind_layer(const Problem& p, unsigned threads) {
  return std::make_unique<BoundMoeLayer>(as<MoeLayerProblem>(p), kIsa, kFused, threads);
}
template <class P>
std::unique_ptr<BoundKernel> bind_reference(const Problem& p, unsigned) {
  return std::make_unique<Reference<P>>(as<P>(p));
}

const std::vector<std::string> kRouterFormats = {"softmax_top_k", "softmax", "sigmoid",
                                                 "sigmoid_grouped"};
const std::vector<std::string> kRowFormats = {"fp32"};
const std::vector<std::string> kGemmFormats = {"bf16", "fp32", "w4a16-g128"};

Support portable_tiles(const KernelCase& c) {
  if (tiles_for(gemm_format(c.format), Isa::portable) != nullptr) return Support::yes();
  return Support::no("no portable kernel for " + c.format);
}

void add(std::vector<Implementation>& list, const char* op, const char* name, Isa needs,
         const std::vector<std::string>& formats, const char* summary, Bind bind_with,
         Support (*available)(const KernelCase&) = nullptr) {
  list.push_back({.op = op,
                  .name = name,
                  .provider = "own",
                  .needs = needs,
                  .formats = formats,
                  .summary = summary,
                  .available = available,
                  .bind = bind_with});
}

template <class P>
void add_reference(std::vector<Implementation>& list, const char* op,
                   const std::vector<std::string>& formats) {
  list.push_back({.op = op,
                  .name = "reference",
                  .provider = "reference",
                  .formats = formats,
                  .summary = "one loop per axis, sums in fp64",
                  .bind = bind_reference<P>});
}

template <class P, class Bound>
void add_rows(std::vector<Implementation>& list, const char* op,
              const std::vector<std::string>& formats, const char* summary) {
  add(list, op, "avx512", Isa::avx512, formats, summary, bind<P, Bound, Isa::avx512>);
  add(list, op, "avx2", Isa::avx2, formats, summary, bind<P, Bound, Isa::avx2>);
  add(list, op, "portable", Isa::portable, formats, summary, bind<P, Bound, Isa::portable>);
  add_reference<P>(list, op, formats);
}

void add_gemm(std::vector<Implementation>& list) {
  using P = MoeGemmProblem;
  using B = BoundMoeGemm;
  constexpr const char* kSummary = "packed weights, expert by expert";
  add(list, "moe_gemm", "avx512_bf16", Isa::avx512_bf16, {"bf16"}, kSummary,
      bind<P, B, Isa::avx512_bf16>);
  add(list, "moe_gemm", "avx512", Isa::avx512, kGemmFormats, kSummary, bind<P, B, Isa::avx512>);
  add(list, "moe_gemm", "avx2", Isa::avx2, kGemmFormats, kSummary, bind<P, B, Isa::avx2>);
  add(list, "moe_gemm", "portable", Isa::portable, kGemmFormats, kSummary,
      bind<P, B, Isa::portable>, portable_tiles);
  add_reference<P>(list, "moe_gemm", kGemmFormats);
}

void add_layer(std::vector<Implementation>& list) {
  constexpr const char* kOp = "moe_layer";
  constexpr const char* kFused = "expert by expert, what lies between steps stays in cache";
  constexpr const char* kSteps = "step by step through memory";
  add(list, kOp, "avx512_bf16", Isa::avx512_bf16, {"bf16"}, kFused,
      bind_layer<Isa::avx512_bf16, true>);
  add(list, kOp, "avx512_bf16_unfused", Isa::avx512_bf16, {"bf16"}, kSteps,
      bind_layer<Isa::avx512_bf16, false>);
  add(list, kOp, "avx512", Isa::avx512, kGemmFormats, kFused, bind_layer<Isa::avx512, true>);
  add(list, kOp, "avx512_unfused", Isa::avx512, kGemmFormats, kSteps,
      bind_layer<Isa::avx512, false>);
  add(list, kOp, "avx2", Isa::avx2, kGemmFormats, kFused, bind_layer<Isa::avx2, true>);
  add(list, kOp, "avx2_unfused", Isa::avx2, kGemmFormats, kSteps, bind_layer<Isa::avx2, false>);
  add(list, kOp, "portable", Isa::portable, kGemmFormats, kFused, bind_layer<Isa::portable, true>,
      portable_tiles);
  add_reference<MoeLayerProblem>(list, kOp, kGemmFormats);
}

template <class P, auto... kExtra>
std::unique_ptr<Problem> make(const KernelCase& c) {
  return std::make_unique<P>(c, kExtra...);
}

std::vector<Axis> axes(std::vector<Axis> more) {
  std::vector<Axis> all = {
      {.name = "tokens", .preset = 64, .meaning = "of all ranks together"},
      {.name = "experts", .preset = 8, .meaning = "of the layer"},
      {.name = "top_k", .preset = 2, .meaning = "experts of a token"},
      {.name = "skew_permille",
       .preset = 0,
       .meaning = "1000 times the power-law exponent of expert popularity; 0: all alike",
       .minimum = 0},
      {.name = "ep", .preset = 1, .meaning = "ranks that share the experts; the hottest is timed"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

std::vector<Op> moe_ops() {
  const Axis hidden{.name = "hidden", .preset = 1024, .meaning = "features of a token"};
  return {{.name = "moe_route",
           .summary = "router logits to the top-k experts and their weights",
           .axes = {{.name = "tokens", .preset = 512, .meaning = "rows of logits"},
                    {.name = "experts", .preset = 256, .meaning = "logits of a token"},
                    {.name = "top_k", .preset = 8, .meaning = "experts of a token"}},
           .formats = kRouterFormats,
           .problem = make<RouteProblem>},
          {.name = "moe_permute",
           .summary = "tokens to rows sorted by expert, with offsets",
           .axes = axes({hidden}),
           .formats = kRowFormats,
           .problem = make<MoeMoveProblem, MoeMove::permute>},
          {.name = "moe_gemm",
           .summary = "grouped GEMM: each expert's rows times its weights",
           .axes = axes({{.name = "n", .preset = 1024, .meaning = "output features"},
                         {.name = "k", .preset = 1024, .meaning = "input features"}}),
           .formats = kGemmFormats,
           .problem = make<MoeGemmProblem>},
          {.name = "moe_combine",
           .summary = "rows times their weights, summed per token",
           .axes = axes({hidden}),
           .formats = kRowFormats,
           .problem = make<MoeMoveProblem, MoeMove::combine>},
          {.name = "moe_layer",
           .summary = "route, permute, gate and up, SwiGLU, down, combine",
           .axes = axes({hidden, {.name = "inter", .preset = 512, .meaning = "of an expert"}}),
           .formats = kGemmFormats,
           .problem = make<MoeLayerProblem>}};
}

std::vector<Implementation> moe_implementations() {
  std::vector<Implementation> list;
  add_rows<RouteProblem, BoundRoute>(list, "moe_route", kRouterFormats,
                                     "vectorised scores, insertion of the best");
  add_rows<MoeMoveProblem, BoundMove>(list, "moe_permute", kRowFormats, "counting sort, copies");
  add_gemm(list);
  add_rows<MoeMoveProblem, BoundMove>(list, "moe_combine", kRowFormats,
                                      "rows of a token added in L1");
  add_layer(list);
  return list;
}

}  // namespace inferbench

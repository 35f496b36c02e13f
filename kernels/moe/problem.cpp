#include "kernels/moe/problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/moe/reference.hpp"
#include "kernels/shapes/expert_draw.hpp"

namespace inferbench {
namespace {

double real(std::int64_t x) {
  return static_cast<double>(x);
}

constexpr double kRound = 0x1p-24;
constexpr double kMostDrawnLogits = 0x1p18;  // to foresee a case; a few milliseconds

// Rounding errors of a sum of k terms: see GemmProblem::oracle.
double sum_tolerance(std::int64_t k) {
  return (16.0 + 4.0 * std::sqrt(real(k))) * kRound;
}

GemmWeights draw_weights(const GemmFormat& format, std::int64_t n, std::int64_t k,
                         std::uint64_t seed, std::int64_t expert, const char* what) {
  std::vector<float> matrix(static_cast<std::size_t>(n * k));
  const std::uint64_t of_expert =
      Random(seed).stream("experts").at(static_cast<std::uint64_t>(expert)).bits();
  fill_matrix(matrix, k, Fill::normal, 1.0 / std::sqrt(real(k)), of_expert, what);
  return quantise_weights(format, {}, std::move(matrix), k);
}

MoeShape layer_shape(const KernelCase& c, MoeShape routed) {
  routed.hidden = real(c.at("hidden")), routed.inter = real(c.at("inter"));
  routed.weight_bytes = gemm_format(c.format).weight_bytes();
  return routed;
}

}  // namespace

MoeRouting::MoeRouting(const KernelCase& c) : tokens(c.at("tokens")) {
  const std::int64_t all = c.at("experts"), ep = c.at("ep");
  router = {.experts = all, .top_k = c.at("top_k")};
  check_router(router);
  if (ep > all) {
    throw Error(c.op, "ep = " + std::to_string(ep),
                "must be at most the number of experts, " + std::to_string(all));
  }
  const Random random(c.seed);
  const std::vector<double> popularity =
      expert_popularity(static_cast<std::size_t>(all), real(c.at("skew_permille")) / 1000.0,
                        random.stream("expert popularity"));
  logits = router_logits(popularity, static_cast<std::size_t>(tokens), random.stream("router"));
  experts.resize(static_cast<std::size_t>(tokens * router.top_k));
  weights.resize(experts.size());
  route_reference(router, logits, {}, experts, weights);

  const std::int64_t resident = experts_per_rank(c);
  std::vector<std::int64_t> rank_rows(static_cast<std::size_t>((all + resident - 1) / resident), 0);
  for (const std::int32_t e : experts) ++rank_rows[static_cast<std::size_t>(e / resident)];
  const auto hottest = std::max_element(rank_rows.begin(), rank_rows.end()) - rank_rows.begin();
  first = hottest * resident;
  count = std::min(resident, all - first);
  order_by_expert(experts, router.top_k, first, count, rows);
}

MoeShape MoeRouting::shape() const {
  return {.tokens = real(tokens),
          .tokens_here = real(rows.tokens_here()),
          .experts = real(router.experts),
          .top_k = real(router.top_k),
          .rows = real(rows.rows()),
          .active = real(rows.active())};
}

std::int64_t experts_per_rank(const KernelCase& c) {
  return (c.at("experts") + c.at("ep") - 1) / c.at("ep");
}

MoeShape foreseen_routing(const KernelCase& c) {
  const double tokens = real(c.at("tokens")), all = real(c.at("experts")), k = real(c.at("top_k"));
  if (tokens * all <= kMostDrawnLogits) return MoeRouting(c).shape();
  const double ranks = std::ceil(all / real(experts_per_rank(c)));
  return {.tokens = tokens,
          .tokens_here = tokens * expected_ranks_visited(all, k, ranks) / ranks,
          .experts = all,
          .top_k = k,
          .rows = routed_rows(tokens, k) / ranks,
          .active = expected_distinct_experts(all, k, tokens) / ranks};
}

RouteProblem::RouteProblem(const KernelCase& c) : tokens(c.at("tokens")), case_(c) {
  router = {.experts = c.at("experts"), .top_k = c.at("top_k")};
  if (c.format == "softmax") router.scores = RouterScores::softmax;
  if (c.format.starts_with("sigmoid")) router.scores = RouterScores::sigmoid, router.scale = 2.5F;
  if (c.format == "sigmoid_grouped") router.groups = 8, router.top_groups = 4;
  check_router(router);
  logits.resize(static_cast<std::size_t>(tokens * router.experts));
  fill_matrix(logits, router.experts, c.fill, 1.5, c.seed, "router logits");
  if (router.scores != RouterScores::sigmoid) return;
  bias.resize(static_cast<std::size_t>(router.experts));
  fill_matrix(bias, router.experts, Fill::normal, 0.05, c.seed, "router bias");
}

Work RouteProblem::work_of(const KernelCase& c) {
  return route_work({.tokens = real(c.at("tokens")),
                     .experts = real(c.at("experts")),
                     .top_k = real(c.at("top_k"))});
}

Oracle RouteProblem::oracle(std::size_t most) const {
  std::vector<std::int32_t> experts(static_cast<std::size_t>(tokens * router.top_k));
  std::vector<float> weights(experts.size());
  route_reference(router, logits, bias, experts, weights);
  Oracle o;
  o.index = spread_indices(outputs(), most, case_.seed);
  for (const std::size_t i : o.index) {
    const bool weight = i >= experts.size();
    const double value =
        weight ? static_cast<double>(weights[i - experts.size()]) : static_cast<double>(experts[i]);
    o.value.push_back(value);
    o.scale.push_back(weight ? std::abs(value) + 1e-30 : 0.0);
  }
  o.tolerance = sum_tolerance(router.experts);
  o.why = "experts exactly; weights within the rounding of exponentials and their sum";
  return o;
}

MoeMoveProblem::MoeMoveProblem(const KernelCase& c, MoeMove m)
    : move(m), routing(c), hidden(c.at("hidden")), case_(c) {
  in.resize(static_cast<std::size_t>(
      (move == MoeMove::permute ? routing.tokens : routing.rows.rows()) * hidden));
  fill_matrix(in, hidden, c.fill, 1.0, c.seed, "moe rows");
}

Work MoeMoveProblem::work_of(const KernelCase& c, MoeMove move, MoeShape routed) {
  routed.hidden = real(c.at("hidden"));
  return move == MoeMove::permute ? gather_work(routed) : combine_work(routed);
}

std::size_t MoeMoveProblem::outputs() const {
  if (move == MoeMove::combine) return static_cast<std::size_t>(routing.tokens * hidden);
  return static_cast<std::size_t>(routing.rows.rows() * hidden) + routing.rows.offsets.size();
}

Oracle MoeMoveProblem::oracle(std::size_t most) const {
  Oracle o;
  o.index = spread_indices(outputs(), most, case_.seed);
  const ExpertRows& r = routing.rows;
  const auto h = static_cast<std::size_t>(hidden), rows = static_cast<std::size_t>(r.rows());
  const auto top_k = static_cast<std::size_t>(r.top_k);
  for (const std::size_t i : o.index) {
    double value = 0, magnitude = 0;
    if (move == MoeMove::permute) {
      value = i < rows * h ? static_cast<double>(
                                 in[static_cast<std::size_t>(r.choice[i / h]) / top_k * h + i % h])
                           : real(r.offsets[i - rows * h]);
    } else {
      for (std::size_t c = i / h * top_k; c < (i / h + 1) * top_k; ++c) {
        if (r.row[c] < 0) continue;
        const double term = static_cast<double>(routing.weights[c]) *
                            static_cast<double>(in[static_cast<std::size_t>(r.row[c]) * h + i % h]);
        value += term, magnitude += std::abs(term);
      }
      magnitude += static_cast<double>(std::numeric_limits<float>::min());
    }
    o.value.push_back(value);
    o.scale.push_back(magnitude);
  }
  o.tolerance = move == MoeMove::permute ? 0 : sum_tolerance(r.top_k);
  o.why = move == MoeMove::permute ? "copies are exact" : "fp32 rounding of a weighted sum";
  return o;
}

MoeGemmProblem::MoeGemmProblem(const KernelCase& c)
    : routing(c), n(c.at("n")), k(c.at("k")), case_(c) {
  const GemmFormat& format = gemm_format(c.format);
  in.resize(static_cast<std::size_t>(routing.rows.rows() * k));
  fill_matrix(in, k, c.fill, 1.0, c.seed, "moe gemm in");
  round_activations(format, in);
  for (std::int64_t e = 0; e < routing.count; ++e) {
    weights.push_back(draw_weights(format, n, k, c.seed, routing.first + e, "moe gemm weights"));
  }
}

Work MoeGemmProblem::work_of(const KernelCase& c, MoeShape routed) {
  // As the down projection of a layer: hidden is what comes out.
  routed.hidden = real(c.at("n")), routed.inter = real(c.at("k"));
  routed.weight_bytes = gemm_format(c.format).weight_bytes();
  return down_work(routed);
}

std::size_t MoeGemmProblem::outputs() const {
  return static_cast<std::size_t>(routing.rows.rows() * n);
}

Oracle MoeGemmProblem::oracle(std::size_t most) const {
  Oracle o;
  o.index = spread_indices(outputs(), most, case_.seed);
  const ExpertRows& r = routing.rows;
  std::size_t expert = 0;
  std::vector<float> matrix;
  std::size_t of = weights.size();  // whose matrix it is
  for (const std::size_t i : o.index) {
    const auto row = static_cast<std::int64_t>(i) / n, column = static_cast<std::int64_t>(i) % n;
    while (row >= r.offsets[expert + 1]) ++expert;
    if (of != expert) matrix = plain_weights(weights[expert]), of = expert;
    const ReferenceSum s = dot_reference(in.data() + row * k, matrix.data() + column * k, k);
    o.value.push_back(s.value);
    o.scale.push_back(s.magnitude + static_cast<double>(std::numeric_limits<float>::min()));
  }
  o.tolerance = sum_tolerance(k);
  o.why = "fp32 rounding of sums of " + std::to_string(k) + " terms";
  return o;
}

MoeLayerProblem::MoeLayerProblem(const KernelCase& c)
    : routing(c), hidden(c.at("hidden")), inter(c.at("inter")), case_(c) {
  const GemmFormat& format = gemm_format(c.format);
  in.resize(static_cast<std::size_t>(routing.tokens * hidden));
  fill_matrix(in, hidden, c.fill, 1.0, c.seed, "moe layer in");
  round_activations(format, in);
  for (std::int64_t e = 0; e < routing.count; ++e) {
    const std::int64_t expert = routing.first + e;
    gate_up.push_back(draw_weights(format, 2 * inter, hidden, c.seed, expert, "moe gate and up"));
    down.push_back(draw_weights(format, hidden, inter, c.seed, expert, "moe down"));
  }
}

MoeShape MoeLayerProblem::moe_shape() const {
  return layer_shape(case_, routing.shape());
}

Work MoeLayerProblem::work_of(const KernelCase& c, MoeShape routed) {
  const MoeShape s = layer_shape(c, routed);
  return moe_layer_work(s) + route_work(s);
}

Oracle MoeLayerProblem::oracle(std::size_t most) const {
  Oracle o;
  const auto h = static_cast<std::size_t>(hidden);
  const std::vector<std::size_t> tokens = spread_indices(
      static_cast<std::size_t>(routing.tokens), std::max<std::size_t>(1, most / h), case_.seed);
  const std::vector<ReferenceSum> sums = layer_reference(*this, tokens);
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    for (std::size_t i = 0; i < h; ++i) {
      o.index.push_back(tokens[t] * h + i);
      o.value.push_back(sums[t * h + i].value);
      o.scale.push_back(sums[t * h + i].magnitude +
                        static_cast<double>(std::numeric_limits<float>::min()));
    }
  }
  const bool narrow = gemm_format(case_.format).activation_bytes() < 4;
  o.tolerance = 2 * sum_tolerance(std::max(hidden, inter)) + (narrow ? 0x1p-8 : 0);
  o.why = narrow ? "activations are rounded to bf16 between the two GEMMs"
                 : "fp32 rounding of two GEMMs in a row";
  return o;
}

}  // namespace inferbench

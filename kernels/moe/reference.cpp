#include "kernels/moe/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/cpu/exact_exp.hpp"

namespace inferbench {
namespace {

// Indices of `values`, the largest first, equal ones by index.
std::vector<std::int32_t> ranked(const std::vector<double>& values) {
  std::vector<std::int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return values[static_cast<std::size_t>(a)] > values[static_cast<std::size_t>(b)];
  });
  return order;
}

// Of one token: what experts are chosen by. Experts of groups that take no part have none.
std::vector<double> choice_scores(const ExpertRouter& r, std::span<const float> logits,
                                  std::span<const float> bias) {
  std::vector<double> scores(logits.begin(), logits.end());
  if (r.scores != RouterScores::sigmoid) return scores;
  for (std::size_t e = 0; e < scores.size(); ++e) {
    const float sigmoid = 1.0F / (1.0F + exact_exp(-logits[e]));
    scores[e] = static_cast<double>(bias.empty() ? sigmoid : sigmoid + bias[e]);
  }
  const auto size = static_cast<std::size_t>(r.experts / r.groups);
  std::vector<double> groups;
  for (std::size_t first = 0; first < scores.size(); first += size) {
    std::vector<float> of_group(scores.begin() + static_cast<std::ptrdiff_t>(first),
                                scores.begin() + static_cast<std::ptrdiff_t>(first + size));
    std::sort(of_group.rbegin(), of_group.rend());
    const float two = of_group[0] + (size > 1 ? of_group[1] : 0.0F);
    groups.push_back(static_cast<double>(two));
  }
  const std::vector<std::int32_t> order = ranked(groups);
  for (std::size_t g = static_cast<std::size_t>(r.top_groups); g < order.size(); ++g) {
    const auto first = scores.begin() + order[g] * static_cast<std::ptrdiff_t>(size);
    std::fill_n(first, size, -std::numeric_limits<double>::infinity());
  }
  return scores;
}

// One expert's part of a token's output is added to `sums`.
void add_expert(const MoeLayerProblem& p, const float* x, const std::vector<float>& gate_up,
                const std::vector<float>& down, double weight, ReferenceSum* sums) {
  std::vector<ReferenceSum> active(static_cast<std::size_t>(p.inter));
  for (std::int64_t i = 0; i < p.inter; ++i) {
    const ReferenceSum g = dot_reference(x, gate_up.data() + i * p.hidden, p.hidden);
    const ReferenceSum u = dot_reference(x, gate_up.data() + (p.inter + i) * p.hidden, p.hidden);
    const double silu = g.value / (1.0 + std::exp(-g.value));
    // The slope of silu is below 1.1 everywhere.
    active[static_cast<std::size_t>(i)] = {
        silu * u.value, std::abs(silu * u.value) + 1.1 * g.magnitude * std::abs(u.value) +
                            std::abs(silu) * u.magnitude};
  }
  for (std::int64_t h = 0; h < p.hidden; ++h) {
    for (std::int64_t i = 0; i < p.inter; ++i) {
      const double w =
          weight * static_cast<double>(down[static_cast<std::size_t>(h * p.inter + i)]);
      sums[h].value += w * active[static_cast<std::size_t>(i)].value;
      sums[h].magnitude += std::abs(w) * active[static_cast<std::size_t>(i)].magnitude;
    }
  }
}

}  // namespace

ReferenceSum dot_reference(const float* a, const float* b, std::int64_t n) {
  ReferenceSum s;
  for (std::int64_t i = 0; i < n; ++i) {
    const double term = static_cast<double>(a[i]) * static_cast<double>(b[i]);
    s.value += term, s.magnitude += std::abs(term);
  }
  return s;
}

std::vector<float> plain_weights(const GemmWeights& w) {
  if (!w.values.empty()) return w.values;
  return w.int4.values.empty() ? dequantise(w.int8) : dequantise(w.int4);
}

void route_reference(const ExpertRouter& r, std::span<const float> logits,
                     std::span<const float> bias, std::span<std::int32_t> experts,
                     std::span<float> weights) {
  const auto n = static_cast<std::size_t>(r.experts), top_k = static_cast<std::size_t>(r.top_k);
  for (std::size_t t = 0; t * n < logits.size(); ++t) {
    const std::span<const float> row = logits.subspan(t * n, n);
    const std::vector<std::int32_t> order = ranked(choice_scores(r, row, bias));
    const auto logit = [&](std::size_t place) {
      return static_cast<double>(row[static_cast<std::size_t>(order[place])]);
    };
    const auto score = [&](std::size_t place) {
      return r.scores == RouterScores::sigmoid ? 1.0 / (1.0 + std::exp(-logit(place)))
                                               : std::exp(logit(place) - logit(0));
    };
    double total = 0;
    const std::size_t summed = r.scores == RouterScores::softmax ? n : top_k;
    for (std::size_t j = 0; j < summed; ++j) total += score(j);
    const bool usable = total > 0 && std::isfinite(total);
    for (std::size_t j = 0; j < top_k; ++j) {
      const double weight = usable ? score(j) / total : 1.0 / static_cast<double>(top_k);
      experts[t * top_k + j] = order[j];
      weights[t * top_k + j] = static_cast<float>(weight * static_cast<double>(r.scale));
    }
  }
}

std::vector<ReferenceSum> layer_reference(const MoeLayerProblem& p,
                                          std::span<const std::size_t> tokens) {
  const auto h = static_cast<std::size_t>(p.hidden);
  const auto top_k = static_cast<std::size_t>(p.routing.router.top_k);
  std::vector<ReferenceSum> sums(tokens.size() * h);
  for (std::int64_t e = 0; e < p.routing.count; ++e) {
    const auto at = static_cast<std::size_t>(e);
    const std::vector<float> gate_up = plain_weights(p.gate_up[at]),
                             down = plain_weights(p.down[at]);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      for (std::size_t c = tokens[t] * top_k; c < (tokens[t] + 1) * top_k; ++c) {
        if (p.routing.experts[c] != p.routing.first + e) continue;
        add_expert(p, p.in.data() + tokens[t] * h, gate_up, down,
                   static_cast<double>(p.routing.weights[c]), sums.data() + t * h);
      }
    }
  }
  return sums;
}

}  // namespace inferbench

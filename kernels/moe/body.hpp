#pragma once

// MoE's row loops for the instruction set INFERBENCH_TARGET of the file that includes this: the
// compiler vectorises them. No sum's order and no rounding depends on it.

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/cpu/exact_exp.hpp"
#include "kernels/moe/kernels.hpp"

namespace inferbench {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
using Scores = std::array<float, kMostExperts>;

// The `count` best of n values, the best first; equal ones by index.
void best(const float* values, std::int64_t n, std::int64_t count, std::int32_t* index) {
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    if (found == count && !(values[i] > values[index[count - 1]])) continue;
    std::int64_t at = found < count ? found++ : count - 1;
    for (; at > 0 && values[i] > values[index[at - 1]]; --at) index[at] = index[at - 1];
    index[at] = static_cast<std::int32_t>(i);
  }
}

// In 16 sums side by side, then one after the other.
INFERBENCH_TARGET float ordered_sum(const float* x, std::int64_t n) {
  std::array<float, 16> sums{};
  for (std::int64_t i = 0; i < n; ++i) sums[static_cast<std::size_t>(i % 16)] += x[i];
  float total = 0;
  for (const float s : sums) total += s;
  return total;
}

// Weights divided by `total`; equal ones where they have no usable sum.
INFERBENCH_TARGET void scale_to_sum(const ExpertRouter& r, float total, float* weights) {
  const bool usable = total > 0 && total <= std::numeric_limits<float>::max();
  for (std::int64_t j = 0; j < r.top_k; ++j) {
    weights[j] = (usable ? weights[j] / total : 1.0F / static_cast<float>(r.top_k)) * r.scale;
  }
}

INFERBENCH_TARGET void softmax_weights(const ExpertRouter& r, const float* logits,
                                       const std::int32_t* experts, float* weights) {
  const float largest = logits[experts[0]];
  for (std::int64_t j = 0; j < r.top_k; ++j) weights[j] = exact_exp(logits[experts[j]] - largest);
  float total = 0;
  if (r.scores == RouterScores::softmax_top_k) {
    for (std::int64_t j = 0; j < r.top_k; ++j) total += weights[j];
  } else {
    Scores e;
    for (std::int64_t i = 0; i < r.experts; ++i) {
      e[static_cast<std::size_t>(i)] = exact_exp(logits[i] - largest);
    }
    total = ordered_sum(e.data(), r.experts);
  }
  scale_to_sum(r, total, weights);
}

// Experts outside of the best groups lose their biased scores.
void limit_groups(const ExpertRouter& r, float* biased) {
  if (r.groups == r.top_groups) return;
  const std::int64_t size = r.experts / r.groups;
  Scores group;
  for (std::int64_t g = 0; g < r.groups; ++g) {
    std::int32_t two[2] = {0, 0};
    const float* of_group = biased + g * size;
    best(of_group, size, std::min<std::int64_t>(2, size), two);
    group[static_cast<std::size_t>(g)] = of_group[two[0]] + (size > 1 ? of_group[two[1]] : 0.0F);
  }
  std::array<std::int32_t, kMostExperts> chosen;
  best(group.data(), r.groups, r.top_groups, chosen.data());
  for (std::int64_t g = 0; g < r.groups; ++g) {
    const auto end = chosen.begin() + r.top_groups;
    if (std::find(chosen.begin(), end, g) == end) {
      std::fill_n(biased + g * size, size, kLowest);
    }
  }
}

INFERBENCH_TARGET void sigmoid_route(const ExpertRouter& r, const float* logits, const float* bias,
                                     std::int32_t* experts, float* weights) {
  Scores score, biased;
  for (std::int64_t i = 0; i < r.experts; ++i) {
    score[static_cast<std::size_t>(i)] = 1.0F / (1.0F + exact_exp(-logits[i]));
  }
  for (std::int64_t i = 0; i < r.experts; ++i) {
    const auto at = static_cast<std::size_t>(i);
    biased[at] = bias != nullptr ? score[at] + bias[i] : score[at];
  }
  limit_groups(r, biased.data());
  best(biased.data(), r.experts, r.top_k, experts);
  float total = 0;
  for (std::int64_t j = 0; j < r.top_k; ++j) {
    weights[j] = score[static_cast<std::size_t>(experts[j])];
    total += weights[j];
  }
  scale_to_sum(r, total, weights);
}

INFERBENCH_TARGET void route(const ExpertRouter& r, const float* logits, const float* bias,
                             std::int32_t* experts, float* weights) {
  if (r.scores == RouterScores::sigmoid) return sigmoid_route(r, logits, bias, experts, weights);
  best(logits, r.experts, r.top_k, experts);
  softmax_weights(r, logits, experts, weights);
}

INFERBENCH_TARGET void add_scaled(float* __restrict out, const float* __restrict row, float weight,
                                  std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] += weight * row[i];
}

INFERBENCH_TARGET void swiglu(const float* __restrict gate_up, std::int64_t inter,
                              float* __restrict out) {
  const float* up = gate_up + inter;
  for (std::int64_t i = 0; i < inter; ++i) {
    out[i] = gate_up[i] / (1.0F + exact_exp(-gate_up[i])) * up[i];
  }
}

// (1 + tanh(u)) / 2 is the sigmoid of 2 u.
INFERBENCH_TARGET void gelu(const float* __restrict x, std::int64_t n, float* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float u = 1.59576912F * (x[i] + 0.044715F * (x[i] * x[i] * x[i]));
    out[i] = x[i] / (1.0F + exact_exp(-u));
  }
}

constexpr MoeKernels kKernels = {
    .route = route, .add_scaled = add_scaled, .swiglu = swiglu, .gelu = gelu};

}  // namespace
}  // namespace inferbench

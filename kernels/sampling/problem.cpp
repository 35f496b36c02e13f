#include "kernels/sampling/problem.hpp"

#include <algorithm>
#include <string>

#include "harness/base/error.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/shapes/elementwise.hpp"

namespace inferbench {
namespace {

std::int64_t axis_or(const KernelCase& c, const char* axis, std::int64_t otherwise) {
  const auto found = c.axes.find(axis);
  return found == c.axes.end() ? otherwise : found->second;
}

}  // namespace

SamplingProblem::SamplingProblem(const KernelCase& c) : vocabulary(c.at("vocab")), case_(c) {
  SamplingRequest request;
  request.temperature = static_cast<float>(c.at("temperature_permille")) / 1000.0F;
  request.top_k = axis_or(c, "top_k", 0);
  const std::int64_t permille = axis_or(c, "top_p_permille", 1000);
  if (permille > 1000) {
    throw Error(c.op, "top_p_permille = " + std::to_string(permille), "must be at most 1000");
  }
  request.top_p = static_cast<double>(permille) / 1000.0;
  const std::int64_t rows = c.at("requests");
  for (std::int64_t r = 0; r < rows; ++r) {
    request.uniform = sampling_uniform(c.seed, static_cast<std::uint64_t>(r), 0);
    requests.push_back(request);
  }
  logits.resize(static_cast<std::size_t>(rows * vocabulary));
  // Logits of language models are spread wider than 1: a few tokens hold most of the probability.
  constexpr double kSpread = 3.0;
  fill_matrix(logits, vocabulary, c.fill, kSpread, c.seed, "sampling logits");
}

// Each logit is read once: a comparison, and with all tokens in play an exponential and a sum.
Work SamplingProblem::work_of(const KernelCase& c) {
  const bool weighs = c.at("temperature_permille") > 0 && axis_or(c, "top_k", 0) == 0;
  const double logits = static_cast<double>(c.at("requests")) * static_cast<double>(c.at("vocab"));
  return inferbench::work(ElementwiseShape{.elements = logits,
                                           .reads = 1,
                                           .writes = 0,
                                           .bytes_per_element = 4,
                                           .flops_per_element = weighs ? 3.0 : 1.0});
}

Oracle SamplingProblem::oracle(std::size_t most) const {
  constexpr std::size_t kLogitsPerOutput = 64;  // a sorted row costs about this much
  const auto n = static_cast<std::size_t>(vocabulary);
  Oracle o;
  o.index = spread_indices(requests.size(), std::max<std::size_t>(1, most * kLogitsPerOutput / n),
                           case_.seed);
  for (const std::size_t r : o.index) {
    const std::span<const float> row(logits.data() + r * n, n);
    o.value.push_back(sample_reference(row, requests[r]));
  }
  o.scale.assign(o.index.size(), 0.0);
  o.why = "the token is defined exactly";
  return o;
}

}  // namespace inferbench

#include "kernels/lora/problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "harness/base/random.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/shapes/lora.hpp"

namespace inferbench {
namespace {

std::vector<std::uint16_t> drawn(std::int64_t size, double stddev, std::uint64_t seed,
                                 const char* stream) {
  std::vector<float> values(static_cast<std::size_t>(size));
  fill_matrix(values, size, Fill::normal, stddev, seed, stream);
  std::vector<std::uint16_t> narrow;
  narrow.reserve(values.size());
  for (const float v : values) narrow.push_back(float_to_bf16(v));
  return narrow;
}

double real(std::int64_t x) {
  return static_cast<double>(x);
}

std::vector<std::int32_t> adapters_of_rows(const KernelCase& c) {
  const auto count = static_cast<std::uint64_t>(c.at("adapters"));
  RandomStream choice = Random(c.seed).stream("lora adapters");
  std::vector<std::int32_t> chosen(static_cast<std::size_t>(c.at("rows")));
  for (std::int32_t& adapter : chosen) adapter = static_cast<std::int32_t>(choice.below(count));
  return chosen;
}

Work work_with(const KernelCase& c, double adapters) {
  const LoraShape s{.rows = real(c.at("rows")),
                    .adapters = adapters,
                    .in = real(c.at("in")),
                    .out = real(c.at("out")),
                    .rank = real(c.at("rank"))};
  GemmShape shrink = lora_shrink(s), expand = lora_expand(s);
  shrink.in_bytes = shrink.out_bytes = expand.in_bytes = expand.out_bytes = 4;
  return work(shrink) + work(expand);
}

}  // namespace

LoraProblem::LoraProblem(const KernelCase& c)
    : rows(c.at("rows")), rank(c.at("rank")), k(c.at("in")), n(c.at("out")), case_(c) {
  in.resize(static_cast<std::size_t>(rows * k));
  fill_matrix(in, k, c.fill, 1.0, c.seed, "lora in");
  const auto count = static_cast<std::uint64_t>(c.at("adapters"));
  adapter_of = adapters_of_rows(c);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t seed = Random(c.seed).stream("lora").at(i).bits();
    a.push_back(drawn(rank * k, 1.0 / std::sqrt(real(k)), seed, "lora a"));
    b.push_back(drawn(rank * n, 1.0 / std::sqrt(real(rank)), seed, "lora b"));
  }
}

std::vector<LoraAdapter> LoraProblem::adapters() const {
  std::vector<LoraAdapter> views;
  for (std::size_t i = 0; i < a.size(); ++i) {
    views.push_back({.rank = rank, .a = a[i], .b = b[i], .scale = scale});
  }
  return views;
}

Work LoraProblem::work_of(const KernelCase& c) {
  const std::vector<std::int32_t> chosen = adapters_of_rows(c);
  const std::set<std::int32_t> distinct(chosen.begin(), chosen.end());
  return work_with(c, static_cast<double>(distinct.size()));
}

double LoraProblem::held_bytes(const KernelCase& c) {
  return work_with(c, real(c.at("adapters"))).bytes().count();
}

Oracle LoraProblem::oracle(std::size_t most) const {
  Oracle o;
  const auto width = static_cast<std::size_t>(n);
  const auto weight = [](std::uint16_t x) { return static_cast<double>(bf16_to_float(x)); };
  for (const std::size_t row : spread_indices(static_cast<std::size_t>(rows),
                                              std::max<std::size_t>(1, most / width), case_.seed)) {
    const auto id = static_cast<std::size_t>(adapter_of[row]);
    std::vector<double> value(width, 0.0), magnitude(width, 0.0);
    for (std::int64_t j = 0; j < rank; ++j) {
      double dot = 0, terms = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        const double term =
            weight(a[id][static_cast<std::size_t>(j * k + i)]) *
            static_cast<double>(
                in[row * static_cast<std::size_t>(k) + static_cast<std::size_t>(i)]);
        dot += term, terms += std::abs(term);
      }
      for (std::size_t i = 0; i < width; ++i) {
        const double w =
            weight(b[id][static_cast<std::size_t>(j) * width + i]) * static_cast<double>(scale);
        value[i] += w * dot, magnitude[i] += std::abs(w) * terms;
      }
    }
    for (std::size_t i = 0; i < width; ++i) {
      o.index.push_back(row * width + i);
      o.value.push_back(value[i]);
      o.scale.push_back(magnitude[i] + static_cast<double>(std::numeric_limits<float>::min()));
    }
  }
  // See GemmProblem::oracle: of two sums in a row.
  o.tolerance = (32.0 + 4.0 * (std::sqrt(real(k)) + std::sqrt(real(rank)))) * 0x1p-24;
  o.why = "fp32 rounding of two GEMMs in a row";
  return o;
}

}  // namespace inferbench

#include "harness/cost/routed_experts.hpp"

#include <algorithm>
#include <bit>

namespace inferbench {
RoutedExperts::RoutedExperts(const OpsFormulation& formulation)
    : formulation_(formulation),
      draws_(formulation.model().moe->experts, formulation.model().moe->top_k,
             formulation.parallel().ep, *formulation.parameters().routing),
      stream_(formulation.parameters().routing->seed, "expert routing"),
      layers_(formulation.model().moe_layers()),
      cp_(static_cast<double>(formulation.parallel().cp)),
      table_([this](double tokens) { return times_of(tokens, tokens); }) {}

std::array<std::uint32_t, RoutedExperts::kCourses> RoutedExperts::picks(const Step& step) const {
  static_assert(ExpertDraws::kDraws == 4, "two bits a layer");
  RandomStream stream = stream_.at(std::bit_cast<std::uint64_t>(step.tokens))
                            .at(std::bit_cast<std::uint64_t>(step.pairs));
  std::array<std::uint32_t, kCourses> picked{};
  std::uint64_t bits = 0;
  for (std::int64_t layer = 0; layer < layers_; ++layer, bits >>= 2) {
    if (layer % 32 == 0) bits = stream.bits();
    const auto of_class = static_cast<std::size_t>(layer) % ExpertDraws::kClasses;
    ++picked[of_class * ExpertDraws::kDraws + (bits & 3)];
  }
  return picked;
}

void RoutedExperts::slower_rank(std::size_t course, double tokens, double squares, Ops& ops) const {
  const HotRanks hot = draws_.hot(course / ExpertDraws::kDraws, course % ExpertDraws::kDraws,
                                  tokens / cp_, squares / cp_);
  formulation_.experts(hot.by_rows, ops);
  if (hot.by_rows.rows == hot.by_distinct.rows) return;
  Ops other;
  formulation_.experts(hot.by_distinct, other);
  if (total(part_times(other)) > total(part_times(ops))) ops.swap(other);
}

RoutedExperts::Times RoutedExperts::times_of(double tokens, double squares) const {
  Times times;
  Ops ops;
  for (std::size_t course = 0; course < kCourses; ++course) {
    ops.clear();
    slower_rank(course, tokens, squares, ops);
    const PartTimes parts = part_times(ops);
    times.moe[course] = parts[OpPart::moe];
    times.elementwise[course] = parts[OpPart::elementwise];
  }
  return times;
}

PartTimes RoutedExperts::layer(const Step& step) const {
  PartTimes mean;
  if (step.tokens <= 0) return mean;
  Times scratch;
  const bool independent = step.squares <= step.tokens || draws_.correlation() == 0;
  const Times& times = independent ? table_.at(static_cast<std::int64_t>(step.tokens), scratch)
                                   : scratch = times_of(step.tokens, step.squares);
  const auto picked = picks(step);
  for (std::size_t course = 0; course < kCourses; ++course) {
    const double weight = static_cast<double>(picked[course]) / static_cast<double>(layers_);
    mean[OpPart::moe] += weight * times.moe[course];
    mean[OpPart::elementwise] += weight * times.elementwise[course];
  }
  constexpr double kKernels = 5;  // permute, two GEMMs, activation, weighted sum
  mean.kernels = kKernels;
  return mean;
}

void RoutedExperts::layer(const Step& step, Ops& ops) const {
  if (step.tokens <= 0) return;
  const auto picked = picks(step);
  Ops mean, one;
  for (std::size_t course = 0; course < kCourses; ++course) {
    if (picked[course] == 0) continue;
    const double weight = static_cast<double>(picked[course]) / static_cast<double>(layers_);
    one.clear();
    slower_rank(course, step.tokens, draws_.correlation() == 0 ? step.tokens : step.squares, one);
    if (mean.empty()) {
      mean = one;
      for (OpCost& op : mean) op.work = op.work * weight, op.time *= weight;
      continue;
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i].work += one[i].work * weight;
      mean[i].time += one[i].time * weight;
    }
  }
  ops.insert(ops.end(), mean.begin(), mean.end());
}

}  // namespace inferbench

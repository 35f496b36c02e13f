#include "harness/stats/change_points.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "harness/base/error.hpp"
#include "harness/stats/student_t.hpp"

namespace inferbench {
namespace {

constexpr double kFirstPass = 10;  // times the level: weak steps are taken back when merging

struct ValueSpread {
  double mean = 0, squares = 0;  // squares: sum of squared deviations
};

ValueSpread spread_of(std::span<const double> values) {
  ValueSpread spread;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  spread.mean = sum / static_cast<double>(values.size());
  for (const double value : values) spread.squares += (value - spread.mean) * (value - spread.mean);
  return spread;
}

// Two-sided p of Student's t with pooled variance; 1 below three values.
double step_p(std::span<const double> before, std::span<const double> after) {
  if (before.size() + after.size() < 3) return 1;
  const ValueSpread a = spread_of(before), b = spread_of(after);
  const auto n = static_cast<double>(before.size()), m = static_cast<double>(after.size());
  const double variance = (a.squares + b.squares) / (n + m - 2);
  if (variance <= 0) return a.mean == b.mean ? 1 : 0;
  const double t = (b.mean - a.mean) / std::sqrt(variance * (1 / n + 1 / m));
  return 2 * student_t_cdf(-std::abs(t), n + m - 2);
}

// Sums over the pairs of values on one side of each possible split.
struct PairSums {
  std::vector<double> left, right;  // [k]: pairs within the first k; within the rest
  double all = 0;
};

PairSums pair_sums(std::span<const double> values) {
  const std::size_t n = values.size();
  PairSums sums{.left = std::vector<double>(n + 1), .right = std::vector<double>(n + 1), .all = 0};
  for (std::size_t j = 0; j < n; ++j) {
    double to_earlier = 0;
    for (std::size_t i = 0; i < j; ++i) to_earlier += std::abs(values[j] - values[i]);
    sums.left[j + 1] = sums.left[j] + to_earlier;
  }
  for (std::size_t j = n; j-- > 0;) {
    double to_later = 0;
    for (std::size_t i = j + 1; i < n; ++i) to_later += std::abs(values[j] - values[i]);
    sums.right[j] = sums.right[j + 1] + to_later;
  }
  sums.all = sums.left[n];
  return sums;
}

// The split with the largest energy distance between its sides; nullopt where none has `least`
// values on both.
std::optional<std::size_t> best_split(std::span<const double> values, std::size_t least) {
  const std::size_t n = values.size();
  if (n < 2 * least) return std::nullopt;
  const PairSums sums = pair_sums(values);
  std::size_t best = least;
  double largest = -1;
  for (std::size_t k = least; k + least <= n; ++k) {
    const auto a = static_cast<double>(k), b = static_cast<double>(n - k);
    const double across = sums.all - sums.left[k] - sums.right[k];
    const double distance =
        2 * across / (a * b) - 2 * sums.left[k] / (a * (a - 1)) - 2 * sums.right[k] / (b * (b - 1));
    const double energy = a * b / (a + b) * distance;
    if (energy > largest) largest = energy, best = k;
  }
  return best;
}

// Steps of values[begin, end), found by halving wherever the test holds.
void split_window(std::span<const double> values, std::size_t begin, std::size_t end,
                  const ChangePointRule& rule, std::vector<std::size_t>& found) {
  const auto part = values.subspan(begin, end - begin);
  const auto at = best_split(part, rule.least_points);
  if (!at || step_p(part.first(*at), part.subspan(*at)) > kFirstPass * rule.level) return;
  split_window(values, begin, begin + *at, rule, found);
  found.push_back(begin + *at);
  split_window(values, begin + *at, end, rule, found);
}

std::vector<std::size_t> split_windows(std::span<const double> values,
                                       const ChangePointRule& rule) {
  std::vector<std::size_t> found;
  for (std::size_t start = 0; start < values.size();) {
    const std::size_t end = std::min(start + rule.window, values.size());
    split_window(values, start, end, rule, found);
    const std::size_t last = found.empty() ? 0 : found.back();
    start = std::max(last, start + rule.window / 2);
  }
  return found;
}

double p_beside(std::span<const double> values, const std::vector<std::size_t>& steps,
                std::size_t index) {
  const std::size_t begin = index == 0 ? 0 : steps[index - 1];
  const std::size_t end = index + 1 == steps.size() ? values.size() : steps[index + 1];
  return step_p(values.subspan(begin, steps[index] - begin),
                values.subspan(steps[index], end - steps[index]));
}

// Takes the weakest step back until all that are left hold at the level.
void merge_weak(std::span<const double> values, double level, std::vector<std::size_t>& steps) {
  std::vector<double> p(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) p[i] = p_beside(values, steps, i);
  while (!steps.empty()) {
    const auto weakest = std::max_element(p.begin(), p.end());
    if (*weakest <= level) return;
    const auto index = weakest - p.begin();
    steps.erase(steps.begin() + index);
    p.erase(weakest);
    const auto at = static_cast<std::size_t>(index);
    if (at < steps.size()) p[at] = p_beside(values, steps, at);
    if (at > 0) p[at - 1] = p_beside(values, steps, at - 1);
  }
}

struct RankedValues {
  std::vector<double> ranks;  // ties share their mean rank
  double tied = 0;            // sum of t^3 - t over groups of t equal values
};

RankedValues ranked(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  RankedValues result{.ranks = std::vector<double>(values.size()), .tied = 0};
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double rank = (static_cast<double>(i + 1) + static_cast<double>(end)) / 2;
    for (std::size_t j = i; j < end; ++j) result.ranks[order[j]] = rank;
    const auto t = static_cast<double>(end - i);
    result.tied += t * t * t - t;
    i = end;
  }
  return result;
}

struct RankStep {
  std::size_t at = 0;
  double z = 0;  // its magnitude
};

// The split whose rank sum is furthest from what chance gives.
RankStep widest_rank_step(std::span<const double> values, std::size_t least) {
  const RankedValues all = ranked(values);
  const auto n = static_cast<double>(values.size());
  const double spread = (n + 1 - all.tied / (n * (n - 1))) / 12;
  RankStep widest;
  double sum = 0;
  for (std::size_t k = 1; k + least <= values.size(); ++k) {
    sum += all.ranks[k - 1];
    if (k < least || spread <= 0) continue;
    const auto a = static_cast<double>(k);
    const double z = std::abs(sum - a * (n + 1) / 2) / std::sqrt(a * (n - a) * spread);
    if (z > widest.z) widest = {k, z};
  }
  return widest;
}

void scan_ranks(std::span<const double> values, std::size_t begin, std::size_t end,
                const ChangePointRule& rule, std::vector<ChangePoint>& found) {
  const auto part = values.subspan(begin, end - begin);
  if (part.size() < 2 * rule.drift_points) return;
  const RankStep step = widest_rank_step(part, rule.drift_points);
  if (step.z < rule.drift_z) return;
  const double shift = hodges_lehmann_shift(part.first(step.at), part.subspan(step.at));
  if (std::abs(shift) < rule.drift_shift) return;
  found.push_back({.at = begin + step.at,
                   .evidence = ChangeEvidence::ranks,
                   .p = std::erfc(step.z / std::numbers::sqrt2),
                   .shift = shift});
  scan_ranks(values, begin, begin + step.at, rule, found);
  scan_ranks(values, begin + step.at, end, rule, found);
}

}  // namespace

double hodges_lehmann_shift(std::span<const double> a, std::span<const double> b) {
  ensure(!a.empty() && !b.empty(), "a shift is between two samples");
  std::vector<double> differences;
  differences.reserve(a.size() * b.size());
  for (const double before : a) {
    for (const double after : b) differences.push_back(after - before);
  }
  const auto middle = differences.begin() + static_cast<std::ptrdiff_t>(differences.size() / 2);
  std::nth_element(differences.begin(), middle, differences.end());
  if (differences.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(differences.begin(), middle)) / 2;
}

std::vector<ChangePoint> find_change_points(std::span<const double> values,
                                            const ChangePointRule& rule) {
  ensure(rule.least_points >= 2 && rule.window >= 2 * rule.least_points,
         "a window holds two segments");
  std::vector<std::size_t> steps = split_windows(values, rule);
  merge_weak(values, rule.level, steps);
  std::vector<ChangePoint> found;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    found.push_back({.at = steps[i],
                     .evidence = ChangeEvidence::test,
                     .p = p_beside(values, steps, i),
                     .shift = 0});
  }
  std::vector<std::size_t> ends = steps;
  ends.push_back(values.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) scan_ranks(values, begin, end, rule, found), begin = end;
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t from = i == 0 ? 0 : found[i - 1].at;
    const std::size_t to = i + 1 == found.size() ? values.size() : found[i + 1].at;
    found[i].shift = hodges_lehmann_shift(values.subspan(from, found[i].at - from),
                                          values.subspan(found[i].at, to - found[i].at));
  }
  return found;
}

}  // namespace inferbench

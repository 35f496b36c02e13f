#include "harness/stats/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// P[sum <= most] of the ranks whose fair coin came up positive.
std::vector<double> sums_up_to(std::span<const std::size_t> ranks, std::size_t most) {
  std::vector<double> probability(most + 1, 0.0);
  probability[0] = 1;
  std::size_t reached = 0;
  for (const std::size_t rank : ranks) {
    reached = std::min(most, reached + rank);
    for (std::size_t s = reached + 1; s-- > 0;) {
      probability[s] = 0.5 * (probability[s] + (s >= rank ? probability[s - rank] : 0.0));
    }
  }
  std::partial_sum(probability.begin(), probability.end(), probability.begin());
  return probability;
}

struct SignedRanks {
  std::vector<std::size_t> doubled;  // twice each mean rank, so that halves are whole
  std::size_t positive = 0;          // the sum of those of positive differences
  bool tied = false;
};

SignedRanks rank(std::span<const double> differences) {
  std::vector<double> sorted(differences.begin(), differences.end());
  for (const double d : sorted) ensure(std::isfinite(d), "a difference is finite");
  const auto nearer = [](double a, double b) { return std::abs(a) < std::abs(b); };
  std::sort(sorted.begin(), sorted.end(), nearer);
  SignedRanks ranks;
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    while (last < sorted.size() && std::abs(sorted[last]) == std::abs(sorted[first])) ++last;
    const std::size_t doubled = first + 1 + last;  // ranks first + 1 .. last
    ranks.tied = ranks.tied || last - first > 1;
    for (; first < last; ++first) {
      ranks.doubled.push_back(doubled);
      if (sorted[first] > 0) ranks.positive += doubled;
    }
  }
  return ranks;
}

// Of ranks that may be tied: P[sum >= w], by the side of the distribution that is the shorter sum.
double at_least(const SignedRanks& ranks, std::size_t w) {
  const std::size_t total = std::accumulate(ranks.doubled.begin(), ranks.doubled.end(), 0UL);
  if (w == 0) return 1;
  if (total - w < w) return sums_up_to(ranks.doubled, total - w).back();
  return 1 - sums_up_to(ranks.doubled, w - 1).back();
}

std::vector<double> pair_means(std::span<const double> differences) {
  std::vector<double> means;
  means.reserve(differences.size() * (differences.size() + 1) / 2);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    for (std::size_t j = i; j < differences.size(); ++j) {
      means.push_back((differences[i] + differences[j]) / 2);
    }
  }
  return means;
}

}  // namespace

SignedRankTable::SignedRankTable(std::size_t n) : n_(n) {
  ensure(n >= 1, "a rank sum is of at least one difference");
  std::vector<std::size_t> ranks(n);
  std::iota(ranks.begin(), ranks.end(), std::size_t{1});
  at_most_ = sums_up_to(ranks, largest());
}

double SignedRankTable::at_least(std::size_t w) const {
  return w > largest() ? 0.0 : at_most_[largest() - w];  // W and largest - W are alike
}

std::optional<std::size_t> SignedRankTable::critical(double level) const {
  // at_least(w) = at_most_[largest - w]: the last entry that is within the level.
  const auto beyond = std::upper_bound(at_most_.begin(), at_most_.end(), level);
  if (beyond == at_most_.begin()) return std::nullopt;
  return largest() - static_cast<std::size_t>(beyond - at_most_.begin() - 1);
}

double signed_rank_p(std::span<const double> differences, const SignedRankTable* table) {
  ensure(!differences.empty(), "a rank sum is of at least one difference");
  const SignedRanks ranks = rank(differences);
  if (table == nullptr || ranks.tied) return at_least(ranks, ranks.positive);
  ensure(table->size() == differences.size(), "a table is of as many differences");
  return table->at_least(ranks.positive / 2);
}

double hodges_lehmann(std::span<const double> differences) {
  ensure(!differences.empty(), "an estimate is of at least one difference");
  std::vector<double> means = pair_means(differences);
  const auto middle = means.begin() + static_cast<std::ptrdiff_t>(means.size() / 2);
  std::nth_element(means.begin(), middle, means.end());
  if (means.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(means.begin(), middle)) / 2;
}

std::optional<ShiftRange> signed_rank_range(std::span<const double> differences,
                                            const SignedRankTable& table, double level) {
  ensure(table.size() == differences.size(), "a table is of as many differences");
  const std::optional<std::size_t> w = table.critical(level);
  if (!w || *w == 0) return std::nullopt;
  // W of the differences less a shift is the number of pair means above it: the shift is rejected
  // from below once w of them are.
  std::vector<double> means = pair_means(differences);
  const auto nth = static_cast<std::ptrdiff_t>(*w - 1);
  std::nth_element(means.begin(), means.begin() + nth, means.end());
  const double high = means[*w - 1];
  std::nth_element(means.begin(), means.begin() + nth, means.end(), std::greater<>());
  return ShiftRange{.low = means[*w - 1], .high = high};
}

}  // namespace inferbench

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace inferbench {

// The exact distribution of Wilcoxon's signed-rank sum W of n differences without ties: the sum of
// those of the ranks 1 .. n whose sign, a fair coin each, came up positive.
class SignedRankTable {
 public:
  explicit SignedRankTable(std::size_t n);  // n >= 1

  std::size_t size() const { return n_; }
  std::size_t largest() const { return n_ * (n_ + 1) / 2; }
  double at_least(std::size_t w) const;                     // P[W >= w]
  std::optional<std::size_t> critical(double level) const;  // least w with P[W >= w] <= level

 private:
  std::size_t n_;
  std::vector<double> at_most_;  // P[W <= w]
};

// P[W >= w] of the differences' own W, where each of them is as likely to have the other sign:
// small when they lie above zero. Exact with tied magnitudes too, which share their mean rank: the
// signs' distribution is enumerated over the ranks as they are. A difference of zero keeps its rank
// and counts as negative, which can only make the answer larger. Differences are finite, at least
// one. `table`, of as many differences, saves the enumeration where nothing is tied.
//
// Source: Wilcoxon, "Individual comparisons by ranking methods", 1945; zeros by Pratt, 1959.
double signed_rank_p(std::span<const double> differences, const SignedRankTable* table = nullptr);

// The median of all means of two differences (a difference with itself included): where they lie.
// Source: Hodges and Lehmann, "Estimates of location based on rank tests", 1963.
double hodges_lehmann(std::span<const double> differences);

// All shifts that the signed-rank test does not reject at `level` on either side; nullopt where so
// few differences cannot reject any. `table` is of as many differences.
struct ShiftRange {
  double low = 0, high = 0;
};
std::optional<ShiftRange> signed_rank_range(std::span<const double> differences,
                                            const SignedRankTable& table, double level);

}  // namespace inferbench

#include "harness/stats/mann_whitney.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kMostExact = 50;

struct UStatistic {
  double u = 0;     // pairs in which the value of `a` is the larger; half for equal ones
  double ties = 0;  // sum of t^3 - t over groups of t equal values
};

UStatistic count_pairs(std::span<const double> a, std::span<const double> b) {
  struct Value {
    double value;
    bool of_a;
  };
  std::vector<Value> all;
  all.reserve(a.size() + b.size());
  for (const double value : a) all.push_back({value, true});
  for (const double value : b) all.push_back({value, false});
  std::sort(all.begin(), all.end(),
            [](const Value& x, const Value& y) { return x.value < y.value; });
  UStatistic statistic;
  double below = 0;  // values of b
  for (std::size_t first = 0; first < all.size();) {
    std::size_t last = first;
    double of_a = 0, of_b = 0;
    for (; last < all.size() && all[last].value == all[first].value; ++last) {
      (all[last].of_a ? of_a : of_b) += 1;
    }
    const double equal = of_a + of_b;
    statistic.u += of_a * (below + of_b / 2);
    statistic.ties += equal * equal * equal - equal;
    below += of_b;
    first = last;
  }
  return statistic;
}

// P[U <= u] without ties: the share of orders, counted by how many values of `b` lie below the
// largest of `a`.
double exact_at_most(std::size_t n, std::size_t m, std::size_t u) {
  // orders[j][k]: of i values of a and j of b, those with U = k; built up over i.
  const std::size_t most = n * m;
  std::vector<std::vector<double>> orders(m + 1, std::vector<double>(most + 1, 0.0));
  for (auto& row : orders) row[0] = 1;
  for (std::size_t i = 1; i <= n; ++i) {
    std::vector<std::vector<double>> next(m + 1, std::vector<double>(most + 1, 0.0));
    next[0][0] = 1;
    for (std::size_t j = 1; j <= m; ++j) {
      // The largest value is of a, above all j of b, or of b. Shares of all orders of i + j values.
      const double of_a = static_cast<double>(i) / static_cast<double>(i + j);
      for (std::size_t k = 0; k <= i * j; ++k) {
        next[j][k] = (k >= j ? of_a * orders[j][k - j] : 0.0) + (1 - of_a) * next[j - 1][k];
      }
    }
    orders = std::move(next);
  }
  double sum = 0;
  for (std::size_t k = 0; k <= u; ++k) sum += orders[m][k];
  return sum;
}

}  // namespace

double mann_whitney_p(std::span<const double> a, std::span<const double> b) {
  ensure(!a.empty() && !b.empty(), "each sample has a value");
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  const UStatistic statistic = count_pairs(a, b);
  const double smaller = std::min(statistic.u, n * m - statistic.u);
  if (statistic.ties == 0 && a.size() <= kMostExact && b.size() <= kMostExact) {
    const double tail = exact_at_most(a.size(), b.size(), static_cast<std::size_t>(smaller));
    return std::min(1.0, 2 * tail);
  }
  const double all = n + m;
  const double variance = n * m / 12 * (all + 1 - statistic.ties / (all * (all - 1)));
  if (variance <= 0) return 1;
  const double distance = std::max(0.0, n * m / 2 - smaller - 0.5);
  return std::erfc(distance / std::sqrt(2 * variance));
}

}  // namespace inferbench

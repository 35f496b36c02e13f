#include "harness/stats/incomplete_beta.hpp"

#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr double kTiny = 1e-300;  // stands in for zero in a denominator
constexpr double kAccuracy = 1e-15;
constexpr int kMostTerms = 100'000;  // convergence takes about sqrt(max(a, b)) terms

double away_from_zero(double value) {
  return std::abs(value) < kTiny ? kTiny : value;
}

// Numerator of the fraction's term `n`, n >= 1: odd and even terms differ.
double numerator(int n, double a, double b, double x) {
  const int half = n / 2;  // terms come in pairs
  const double m = half;
  if (n % 2 == 0) return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
  return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
}

double continued_fraction(double a, double b, double x) {
  double c = 1;
  double d = 1 / away_from_zero(1 + numerator(1, a, b, x));
  double value = d;
  for (int n = 2; n < kMostTerms; ++n) {
    const double term = numerator(n, a, b, x);
    d = 1 / away_from_zero(1 + term * d);
    c = away_from_zero(1 + term / c);
    value *= c * d;
    if (std::abs(c * d - 1) < kAccuracy) break;
  }
  return value;
}

// std::lgamma writes the global `signgam`; the reentrant form is safe on several threads.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  ensure(a > 0 && b > 0 && x >= 0 && x <= 1, "incomplete beta of a, b > 0 and x in [0, 1]");
  if (x == 0 || x == 1) return x;
  // The fraction converges fast left of the mean; right of it the mirror image does.
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  const double log_front = a * std::log(x) + b * std::log1p(-x) + log_gamma(a + b) - log_gamma(a) -
                           log_gamma(b) - std::log(a);
  return std::exp(log_front) * continued_fraction(a, b, x);
}

double binomial_at_most(double k, double n, double p) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return incomplete_beta(n - k, k + 1, 1 - p);
}

}  // namespace inferbench

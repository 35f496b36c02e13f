#include "workloads/synthetic/arrival_process.hpp"

#include <cmath>

namespace inferbench {

ArrivalProcess::ArrivalProcess(GapFamily family, double shape, RateProfile rate,
                               RandomStream random)
    : family_(family), shape_(shape), rate_(std::move(rate)), random_(random) {}

std::optional<double> ArrivalProcess::next() {
  const bool first = count_ == 0;
  if (family_ == GapFamily::at_once) return 0.0;
  if (family_ == GapFamily::constant) {
    if (!first) operational_ += 1.0;
  } else {
    operational_ += unit_gap();
  }
  ++count_;
  return rate_.time_of(operational_);
}

double ArrivalProcess::unit_gap() {
  RandomStream random = random_.at(count_);
  switch (family_) {
    case GapFamily::gamma:
      return random.gamma(shape_, 1.0 / shape_);
    case GapFamily::weibull:
      return random.weibull(shape_, 1.0 / std::tgamma(1.0 + 1.0 / shape_));
    default:
      return random.exponential(1.0);
  }
}

double weibull_shape_of_cv(double cv) {
  // CV^2 = gamma(1 + 2/k) / gamma(1 + 1/k)^2 - 1 falls with k; in logarithms, since gamma
  // overflows.
  const auto cv_of = [](double k) {
    return std::sqrt(std::expm1(std::lgamma(1.0 + 2.0 / k) - 2.0 * std::lgamma(1.0 + 1.0 / k)));
  };
  double low = 0.05, high = 100.0;
  for (int i = 0; i < 100; ++i) {
    const double middle = std::sqrt(low * high);
    (cv_of(middle) > cv ? low : high) = middle;
  }
  return std::sqrt(low * high);
}

}  // namespace inferbench

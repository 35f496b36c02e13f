#include "workloads/workload_stats.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {

void LengthCountsOf::add(std::int64_t value) {
  ++values_[value];
  ++count_;
  sum_ += static_cast<double>(value);
}

double LengthCountsOf::mean() const {
  return sum_ / static_cast<double>(count_);
}

double LengthCountsOf::stddev() const {
  if (count_ < 2) return 0;
  const double center = mean();
  double squares = 0;
  for (const auto& [value, count] : values_) {
    const double off = static_cast<double>(value) - center;
    squares += off * off * static_cast<double>(count);
  }
  return std::sqrt(squares / static_cast<double>(count_ - 1));
}

std::int64_t LengthCountsOf::quantile(double p) const {
  ensure(count_ > 0, "a quantile needs a value");
  const double wanted = std::ceil(p * static_cast<double>(count_) - 1e-9);
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t below = 0;
  for (const auto& [value, count] : values_) {
    below += count;
    if (below >= rank) return value;
  }
  return max();
}

void DispersionOf::add(Duration since_first) {
  const std::int64_t bin = since_first / bin_;
  if (bin != open_bin_) {
    close(open_count_, 1);
    close(0, static_cast<std::uint64_t>(bin - open_bin_ - 1));
    open_bin_ = bin;
    open_count_ = 0;
  }
  peak_ = std::max(peak_, ++open_count_);
}

void DispersionOf::close(std::uint64_t count, std::uint64_t bins) {
  const auto requests = static_cast<double>(count);
  closed_ += bins;
  sum_ += requests * static_cast<double>(bins);
  squares_ += requests * requests * static_cast<double>(bins);
}

std::optional<double> DispersionOf::index() const {
  if (closed_ < 10 || sum_ == 0) return std::nullopt;
  const auto bins = static_cast<double>(closed_);
  const double mean = sum_ / bins;
  return (squares_ / bins - mean * mean) / mean;
}

WorkloadStats::WorkloadStats(Tokens block_tokens)
    : dispersion_{DispersionOf(std::chrono::seconds(1)), DispersionOf(std::chrono::seconds(10)),
                  DispersionOf(std::chrono::seconds(60))},
      prefix_(block_tokens) {}

void WorkloadStats::add(const Request& request) {
  const std::uint64_t before = requests();
  if (before == 0) {
    first_ = request.arrival;
    timestamps_ = 1;
  } else {
    ensure(request.arrival >= last_, "arrivals never decrease");
    const double gap = seconds(request.arrival - last_).count();
    const double off = gap - gap_mean_;
    gap_mean_ += off / static_cast<double>(before);
    gap_squares_ += off * (gap - gap_mean_);
    if (gap > 0) ++timestamps_;
  }
  last_ = request.arrival;
  input_.add(request.input.count());
  output_.add(request.output.count());
  for (DispersionOf& bins : dispersion_) bins.add(request.arrival - first_);
  sessions_.insert(request.session.value);
  prefix_.add(request);
}

std::optional<double> WorkloadStats::rate() const {
  if (span().count() == 0) return std::nullopt;
  return static_cast<double>(requests() - 1) / seconds(span()).count();
}

std::optional<double> WorkloadStats::gap_cv() const {
  if (requests() < 3 || gap_mean_ == 0) return std::nullopt;
  return std::sqrt(gap_squares_ / static_cast<double>(requests() - 2)) / gap_mean_;
}

std::optional<IdealPrefixCache> WorkloadStats::ideal_prefix() const {
  if (prefix_.blocks() == 0) return std::nullopt;
  return prefix_;
}

}  // namespace inferbench

#include "harness/stats/percentile.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr std::array<std::pair<PercentileMethod, std::string_view>, 3> kNames = {{
    {PercentileMethod::linear, "linear"},
    {PercentileMethod::nearest_rank, "nearest_rank"},
    {PercentileMethod::loadgen_floor, "loadgen_floor"},
}};

// p/100 * n, free of the dust that makes 99.9 % of 1000 samples 999.0000000000001.
double rank(double percentile, std::size_t n) {
  const double exact = percentile * static_cast<double>(n) / 100;
  const double whole = std::round(exact);
  return std::abs(exact - whole) < 1e-9 * std::max(1.0, whole) ? whole : exact;
}

double at(std::span<const double> sorted, double index) {
  const double last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::clamp(index, 0.0, last))];
}

double linear(std::span<const double> sorted, double percentile) {
  const double position = rank(percentile, sorted.size() - 1);
  const double low = at(sorted, std::floor(position));
  const double high = at(sorted, std::ceil(position));
  // At most `high`, so that rounding cannot put one percentile above the next.
  return std::min(low + (high - low) * (position - std::floor(position)), high);
}

}  // namespace

std::string_view name(PercentileMethod method) {
  for (const auto& [known, text] : kNames) {
    if (known == method) return text;
  }
  return "";
}

std::optional<PercentileMethod> parse_percentile_method(std::string_view name) {
  for (const auto& [method, text] : kNames) {
    if (text == name) return method;
  }
  return std::nullopt;
}

std::vector<std::string> percentile_method_names() {
  std::vector<std::string> names;
  names.reserve(kNames.size());
  for (const auto& entry : kNames) names.emplace_back(entry.second);
  return names;
}

double percentile_of_sorted(std::span<const double> sorted, double percentile,
                            PercentileMethod method) {
  ensure(!sorted.empty(), "a percentile needs samples");
  ensure(percentile >= 0 && percentile <= 100, "a percentile lies between 0 and 100");
  switch (method) {
    case PercentileMethod::nearest_rank:
      return at(sorted, std::ceil(rank(percentile, sorted.size())) - 1);
    case PercentileMethod::loadgen_floor:
      return at(sorted, std::floor(rank(percentile, sorted.size())));
    case PercentileMethod::linear:
      break;
  }
  return linear(sorted, percentile);
}

std::vector<double> percentiles(std::vector<double>& samples, std::span<const double> wanted,
                                PercentileMethod method) {
  std::sort(samples.begin(), samples.end());
  std::vector<double> values;
  values.reserve(wanted.size());
  for (const double percentile : wanted) {
    values.push_back(percentile_of_sorted(samples, percentile, method));
  }
  return values;
}

}  // namespace inferbench

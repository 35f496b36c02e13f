#include "harness/metrics/saturation.hpp"

#include <algorithm>
#include <vector>

#include "harness/metrics/durations.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kLeastRequests = 40;
constexpr double kGrowth = 0.05;  // of the span of arrivals: about 7 % more than is served

std::vector<const RequestRecord*> served_in_order_of_arrival(
    std::span<const RequestRecord> records) {
  std::vector<const RequestRecord*> served;
  for (const RequestRecord& record : records) {
    if (record.outcome != Outcome::rejected) served.push_back(&record);
  }
  std::sort(
      served.begin(), served.end(),
      [](const RequestRecord* left, const RequestRecord* right) { return left->id < right->id; });
  return served;
}

}  // namespace

std::optional<QuarterWaits> saturated(std::span<const RequestRecord> records) {
  const std::vector<const RequestRecord*> served = served_in_order_of_arrival(records);
  const std::size_t n = served.size();
  if (n < kLeastRequests) return std::nullopt;
  const double span = in_seconds(served.back()->scheduled - served.front()->scheduled);
  QuarterWaits waits{};
  for (std::size_t quarter = 0; quarter < 4; ++quarter) {
    const std::size_t begin = n * quarter / 4, end = n * (quarter + 1) / 4;
    for (std::size_t i = begin; i < end; ++i) {
      // Whoever never got in had waited until the end.
      const Time in = served[i]->admitted.value_or(served[i]->ended);
      waits[quarter] += in_seconds(in - served[i]->scheduled);
    }
    waits[quarter] /= static_cast<double>(end - begin);
  }
  const bool growing = waits[0] < waits[1] && waits[1] < waits[2] && waits[2] < waits[3];
  if (span <= 0 || !growing || waits[3] - waits[0] <= kGrowth * span) return std::nullopt;
  return waits;
}

}  // namespace inferbench

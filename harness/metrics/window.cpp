#include "harness/metrics/window.hpp"

#include <algorithm>
#include <vector>

namespace inferbench {
namespace {

constexpr std::int64_t kSlices = 100;  // the run is looked at in slices of 1 %
constexpr double kNear = 0.9;          // share of the target that counts as reached
constexpr std::int64_t kLeastSlices = 20;
constexpr std::int64_t kLeastCompletions = 10;

Time border(const Stretch& full, std::int64_t slice) {
  const Duration::rep length = full.duration.count();
  // In this order because length * slice can overflow for a run of years.
  return full.begin + Duration(length / kSlices * slice + length % kSlices * slice / kSlices);
}

std::vector<double> slice_means(const Stretch& full, const Concurrency& concurrency) {
  std::vector<double> means;
  for (std::int64_t s = 0; s < kSlices; ++s) {
    means.push_back(concurrency.mean(border(full, s), border(full, s + 1)));
  }
  return means;
}

double median_of_busy(std::vector<double> means) {
  std::erase(means, 0.0);
  if (means.empty()) return 0;
  std::sort(means.begin(), means.end());
  return means[means.size() / 2];
}

// The first longest run of slices that reach `least`, as [begin, end).
std::pair<std::int64_t, std::int64_t> longest_run(const std::vector<double>& means, double least) {
  std::pair<std::int64_t, std::int64_t> best{0, 0};
  std::int64_t begin = 0;
  for (std::int64_t s = 0; s < kSlices; ++s) {
    if (means[static_cast<std::size_t>(s)] < least) begin = s + 1;
    if (s + 1 - begin > best.second - best.first) best = {begin, s + 1};
  }
  return best;
}

}  // namespace

Stretch full_window(std::span<const RequestRecord> records) {
  const bool served = std::any_of(records.begin(), records.end(), [](const RequestRecord& record) {
    return record.outcome != Outcome::rejected;
  });
  Stretch full{.begin = Time::max(), .end = Time::min()};
  for (const RequestRecord& record : records) {
    if (served && record.outcome == Outcome::rejected) continue;
    full.begin = std::min(full.begin, record.scheduled);
    full.end = std::max(full.end, record.ended);
  }
  if (records.empty()) return {};
  full.duration = full.end - full.begin;
  return full;
}

Stretch active_window(const Stretch& full, const Concurrency& concurrency) {
  return {.begin = full.begin, .end = full.end, .duration = concurrency.active()};
}

std::optional<Stretch> steady_window(std::span<const RequestRecord> records, const Stretch& full,
                                     const Concurrency& concurrency,
                                     std::optional<std::int64_t> target) {
  const std::vector<double> means = slice_means(full, concurrency);
  const double level = target ? static_cast<double>(*target) : median_of_busy(means);
  const auto [first, last] = longest_run(means, kNear * level);
  if (level == 0 || last - first < kLeastSlices) return std::nullopt;
  Stretch steady{.begin = border(full, first), .end = border(full, last)};
  steady.duration = steady.end - steady.begin;
  const auto completions =
      std::count_if(records.begin(), records.end(), [&](const RequestRecord& record) {
        return record.outcome == Outcome::completed && steady.contains(record.ended);
      });
  if (completions < kLeastCompletions || steady.duration == Duration(0)) return std::nullopt;
  return steady;
}

}  // namespace inferbench

#include "harness/metrics/concurrency.hpp"

#include <algorithm>
#include <utility>

namespace inferbench {

Concurrency::Concurrency(std::span<const RequestRecord> records) {
  std::vector<std::pair<Time, std::int64_t>> changes;
  changes.reserve(2 * records.size());
  for (const RequestRecord& record : records) {
    if (record.outcome == Outcome::rejected) continue;
    changes.emplace_back(record.scheduled, 1);
    changes.emplace_back(record.ended, -1);
  }
  std::sort(changes.begin(), changes.end());  // at one instant endings (-1) come first
  std::int64_t open = 0;
  double request_ns = 0;
  for (std::size_t i = 0; i < changes.size();) {
    const Time at = changes[i].first;
    if (!levels_.empty()) {
      const Duration held = at - levels_.back().from;
      request_ns += static_cast<double>(open) * static_cast<double>(held.count());
      if (open > 0) active_ += held;
    }
    for (; i < changes.size() && changes[i].first == at; ++i) {
      open += changes[i].second;
      peak_ = std::max(peak_, open);
    }
    levels_.push_back({.from = at, .open = open, .request_ns = request_ns});
  }
}

double Concurrency::request_ns_until(Time time) const {
  const auto after = std::upper_bound(levels_.begin(), levels_.end(), time,
                                      [](Time t, const Level& level) { return t < level.from; });
  if (after == levels_.begin()) return 0;
  const Level& level = *std::prev(after);
  return level.request_ns +
         static_cast<double>(level.open) * static_cast<double>((time - level.from).count());
}

double Concurrency::mean(Time begin, Time end) const {
  if (end <= begin) return 0;
  return (request_ns_until(end) - request_ns_until(begin)) /
         static_cast<double>((end - begin).count());
}

}  // namespace inferbench

#include "results/exporters/serving_figures.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

double s(Duration duration) {
  return seconds(duration).count();
}

// vLLM counts chunks; here a chunk is a token.
std::int64_t fullest_second(const std::vector<const RequestRecord*>& completed, Time start) {
  std::vector<std::int64_t> seconds;
  for (const RequestRecord* record : completed) {
    for (const Time token : record->token_times) {
      const auto second = static_cast<std::size_t>((token - start) / std::chrono::seconds(1));
      if (second >= seconds.size()) seconds.resize(second + 1);
      ++seconds[second];
    }
  }
  return *std::max_element(seconds.begin(), seconds.end());
}

std::int64_t peak_concurrency(const std::vector<const RequestRecord*>& completed) {
  std::vector<std::pair<Time, int>> events;
  for (const RequestRecord* record : completed) {
    events.emplace_back(record->issued, +1);
    events.emplace_back(record->token_times.back(), -1);
  }
  std::sort(events.begin(), events.end());  // at equal times a departure comes first
  std::int64_t open = 0, peak = 0;
  for (const auto& [time, change] : events) peak = std::max(peak, open += change);
  return peak;
}

std::vector<const RequestRecord*> completed_requests(std::span<const RequestRecord> records) {
  std::vector<const RequestRecord*> completed;
  for (const RequestRecord& record : records) {
    if (record.outcome == Outcome::completed && !record.token_times.empty()) {
      completed.push_back(&record);
    }
  }
  return completed;
}

struct Pools {
  std::vector<double> ttft, tpot, itl, e2el, queue, e2el_with_queue;

  void add(const RequestRecord& record) {
    const std::vector<Time> tokens = record.token_times.to_vector();
    ttft.push_back(s(tokens.front() - record.issued));
    e2el.push_back(s(tokens.back() - record.issued));
    queue.push_back(s(record.issued - record.scheduled));
    e2el_with_queue.push_back(s(tokens.back() - record.scheduled));
    if (tokens.size() < 2) return;
    const auto gaps = static_cast<double>(tokens.size() - 1);
    tpot.push_back(s(tokens.back() - tokens.front()) / gaps);
    for (std::size_t i = 1; i < tokens.size(); ++i) itl.push_back(s(tokens[i] - tokens[i - 1]));
  }
};

double duration_of(std::span<const RequestRecord> records) {
  Time first = kNever, last{};
  for (const RequestRecord& record : records) {
    first = std::min(first, record.scheduled);
    last = std::max(last, record.ended);
    if (!record.token_times.empty()) last = std::max(last, record.token_times.back());
  }
  return s(last - first);
}

}  // namespace

SecondsSamples::SecondsSamples(std::vector<double> seconds) : sorted_(std::move(seconds)) {
  std::sort(sorted_.begin(), sorted_.end());
}

double SecondsSamples::mean() const {
  ensure(!empty(), "a mean needs a sample");
  return std::accumulate(sorted_.begin(), sorted_.end(), 0.0) / static_cast<double>(count());
}

double SecondsSamples::stddev() const {
  const double centre = mean();
  double squares = 0;
  for (const double value : sorted_) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(count()));
}

double SecondsSamples::percentile(double percent) const {
  ensure(!empty(), "a percentile needs a sample");
  const double position = percent / 100 * static_cast<double>(count() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, count() - 1);
  return std::lerp(sorted_[below], sorted_[above], position - static_cast<double>(below));
}

ServingFigures serving_figures(std::span<const RequestRecord> records, const std::string& place) {
  const std::vector<const RequestRecord*> completed = completed_requests(records);
  ServingFigures figures;
  figures.completed = completed.size();
  figures.failed = records.size() - completed.size();
  if (completed.empty()) {
    throw Error(place, "no request completed", "serving figures are of completed requests");
  }
  figures.duration_s = duration_of(records);
  if (figures.duration_s <= 0) {
    throw Error(place, "the run took no time", "rates need a duration above 0");
  }
  Pools pools;
  Time first_sent = kNever;
  for (const RequestRecord* record : completed) {
    figures.input_tokens += record->input.count();
    figures.output_tokens += static_cast<std::int64_t>(record->token_times.size());
    first_sent = std::min(first_sent, record->issued);
    pools.add(*record);
  }
  figures.ttft = SecondsSamples(std::move(pools.ttft));
  figures.tpot = SecondsSamples(std::move(pools.tpot));
  figures.itl = SecondsSamples(std::move(pools.itl));
  figures.e2el = SecondsSamples(std::move(pools.e2el));
  figures.client_queue = SecondsSamples(std::move(pools.queue));
  figures.e2el_including_client_queue = SecondsSamples(std::move(pools.e2el_with_queue));
  figures.peak_output_tokens_per_s = fullest_second(completed, first_sent);
  figures.peak_concurrent_requests = peak_concurrency(completed);
  return figures;
}

}  // namespace inferbench

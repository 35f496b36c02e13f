#include "harness/selftest/simple_systems.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

RequestRecord completed(const Request& request, Time first, Duration gap) {
  RequestRecord record;
  record.id = request.id;
  record.session = request.session;
  record.outcome = Outcome::completed;
  record.input = request.input;
  record.output = request.output;
  record.scheduled = record.issued = request.arrival;
  record.admitted = request.arrival;
  const auto tokens = static_cast<std::size_t>(request.output.count());
  std::vector<Time> times(tokens);
  for (std::size_t t = 0; t < tokens; ++t) times[t] = first + gap * static_cast<std::int64_t>(t);
  record.ended = times.back();
  record.token_times = TokenTimes(std::move(times));
  return record;
}

}  // namespace

void NullSystem::serve(RequestSource& source, RecordSink& sink) {
  while (source.next_arrival() != kNever) {
    const Request request = source.pop();
    RequestRecord record = completed(request, request.arrival, Duration(0));
    source.ended(request, request.arrival);
    sink.accept(std::move(record));
  }
}

void FixedLatencySystem::serve(RequestSource& source, RecordSink& sink) {
  std::vector<RequestRecord> records;
  while (source.next_arrival() != kNever) {
    const Request request = source.pop();
    records.push_back(completed(request, request.arrival + first_(request.id), gap_));
  }
  std::stable_sort(
      records.begin(), records.end(),
      [](const RequestRecord& a, const RequestRecord& b) { return a.ended < b.ended; });
  for (RequestRecord& record : records) sink.accept(std::move(record));
}

StepResult ServiceExecutor::run(const BatchPlan& plan) {
  ensure(plan.items.size() == 1, "a server serves one customer at a time");
  const Duration service = service_(plan.items.front().request);
  StepResult result;
  result.timing.elapsed = result.timing.stage = service;
  return result;
}

Request TimedSource::pop() {
  Request request;
  request.id = RequestId(next_);
  request.arrival = arrivals_[next_++];
  request.input = input_;
  request.output = request.max_output = output_;
  return request;
}

std::vector<Time> poisson_times(RandomStream stream, std::int64_t count, Duration mean_gap) {
  std::vector<Time> times;
  times.reserve(static_cast<std::size_t>(count));
  double at = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    at += stream.exponential(static_cast<double>(mean_gap.count()));
    times.emplace_back(Duration(std::llround(at)));
  }
  return times;
}

}  // namespace inferbench

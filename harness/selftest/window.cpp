// Measurement windows against counting: which instants belong to a run, and which were busy.

#include "harness/metrics/window.hpp"

#include <algorithm>
#include <set>

#include "harness/base/random.hpp"
#include "harness/metrics/concurrency.hpp"
#include "harness/selftest/groups.hpp"

namespace inferbench {
namespace {

RequestRecord open_during(std::size_t id, Duration begin, Duration end) {
  RequestRecord record;
  record.id = RequestId(id);
  record.outcome = Outcome::completed;
  record.input = record.output = Tokens(1);
  record.scheduled = record.issued = Time(begin);
  record.ended = Time(end);
  record.token_times = {record.ended};
  return record;
}

std::vector<RequestRecord> random_run(RandomStream& stream) {
  std::vector<RequestRecord> records(static_cast<std::size_t>(stream.between(1, 40)));
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::int64_t begin = stream.between(0, 400);
    records[i] = open_during(i, Duration(begin), Duration(begin + stream.between(1, 60)));
  }
  return records;
}

// Nanosecond by nanosecond.
std::int64_t busy_nanoseconds(const std::vector<RequestRecord>& records) {
  std::set<std::int64_t> busy;
  for (const RequestRecord& record : records) {
    for (std::int64_t t = record.scheduled.time_since_epoch().count();
         t < record.ended.time_since_epoch().count(); ++t) {
      busy.insert(t);
    }
  }
  return static_cast<std::int64_t>(busy.size());
}

double request_nanoseconds(const std::vector<RequestRecord>& records) {
  double sum = 0;
  for (const RequestRecord& record : records) {
    sum += static_cast<double>((record.ended - record.scheduled).count());
  }
  return sum;
}

constexpr Duration kSecond{1'000'000'000};

// Ten users from 20 s to 80 s of a run of 100 s, one user before and after: the steady stretch is
// those 60 s.
std::vector<RequestRecord> plateau() {
  std::vector<RequestRecord> records;
  const auto users = [&](int count, int begin, int end) {
    for (int user = 0; user < count; ++user) {
      for (int t = begin; t < end; ++t) {
        records.push_back(open_during(records.size(), kSecond * t, kSecond * (t + 1)));
      }
    }
  };
  users(1, 0, 20), users(10, 20, 80), users(1, 80, 100);
  return records;
}

double in_seconds(Time time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e9;
}

}  // namespace

std::vector<SelfCheck> window_checks(const SelfTestOptions& options) {
  constexpr std::int64_t kRuns = 200;
  RandomStream stream = Random(options.seed).stream("selftest window");
  std::int64_t full_wrong = 0, active_wrong = 0, little_wrong = 0;
  for (std::int64_t run = 0; run < kRuns; ++run) {
    const auto records = random_run(stream);
    const Stretch full = full_window(records);
    const Concurrency concurrency(records);
    Time begin = Time::max(), end = Time::min();
    for (const RequestRecord& record : records) {
      begin = std::min(begin, record.scheduled), end = std::max(end, record.ended);
    }
    if (full.begin != begin || full.end != end || full.duration != end - begin) ++full_wrong;
    if (active_window(full, concurrency).duration.count() != busy_nanoseconds(records)) {
      ++active_wrong;
    }
    const double area =
        concurrency.mean(full.begin, full.end) * static_cast<double>(full.duration.count());
    if (std::abs(area - request_nanoseconds(records)) > 1e-6) ++little_wrong;
  }
  const auto records = plateau();
  const Concurrency concurrency(records);
  const Stretch full = full_window(records);
  const auto steady = steady_window(records, full, concurrency, 10);
  return {
      no_disagreement_check("full window: first due to last ended", kRuns, full_wrong, "full"),
      no_disagreement_check("active window: busy nanoseconds counted", kRuns, active_wrong, "busy"),
      no_disagreement_check("Little's law: open requests x time = sum of E2E", kRuns, little_wrong,
                            "area"),
      equal_check("steady window of ten users: begin", "s", 20,
                  steady ? in_seconds(steady->begin) : -1),
      equal_check("steady window of ten users: end", "s", 80,
                  steady ? in_seconds(steady->end) : -1),
  };
}

}  // namespace inferbench

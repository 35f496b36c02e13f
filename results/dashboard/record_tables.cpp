#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "harness/metrics/durations.hpp"
#include "harness/metrics/itl.hpp"
#include "harness/metrics/request_metric.hpp"
#include "results/dashboard/column_table.hpp"
#include "results/dashboard/run_tables.hpp"
#include "results/request_records.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMostRequests = 20000;
constexpr std::size_t kWorst = 25;
constexpr std::size_t kEvenSteps = 256, kTailSteps = 256;

// The ranks, 1 to n, of the steps that are kept: all of few, else evenly spaced ones and, from the
// median on, ones that come closer to the largest sample in equal ratios.
std::vector<std::uint64_t> kept_ranks(std::uint64_t samples) {
  std::set<std::uint64_t> ranks;
  if (samples <= kEvenSteps + kTailSteps) {
    for (std::uint64_t rank = 1; rank <= samples; ++rank) ranks.insert(rank);
    return {ranks.begin(), ranks.end()};
  }
  const auto n = static_cast<double>(samples);
  for (std::size_t i = 0; i <= kEvenSteps; ++i) {
    const double share = static_cast<double>(i) / kEvenSteps;
    ranks.insert(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(share * n))));
  }
  for (std::size_t i = 0; i <= kTailSteps; ++i) {
    const double beyond = std::pow(n / 2, 1 - static_cast<double>(i) / kTailSteps);
    ranks.insert(samples - static_cast<std::uint64_t>(std::llround(beyond)) + 1);
  }
  return {ranks.begin(), ranks.end()};
}

void ecdf_row(ColumnTable& table, double value_ms, double share) {
  table.begin_row();
  table.number("value_ms", value_ms);
  table.number("share", share);
}

ordered_json ecdf(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  ColumnTable table;
  for (const std::uint64_t rank : kept_ranks(samples.size())) {
    const double value = samples[rank - 1];
    // Of samples that are equal, the last one's rank.
    const auto after = std::upper_bound(samples.begin(), samples.end(), value) - samples.begin();
    ecdf_row(table, value, static_cast<double>(after) / static_cast<double>(samples.size()));
  }
  return table.json(samples.size());
}

// Gaps are as many as tokens, so they are counted and not kept.
class GapCounts {
 public:
  void add(double gap_ms) {
    ++count_;
    ++buckets_[gap_ms > 0 ? static_cast<int>(std::ceil(std::log(gap_ms) / kWidth - 1e-9)) : kZero];
  }
  ordered_json ecdf() const {
    ColumnTable table;
    std::uint64_t below = 0;
    for (const auto& [bucket, count] : buckets_) {
      below += count;
      ecdf_row(table, bucket == kZero ? 0 : std::exp(bucket * kWidth),
               static_cast<double>(below) / static_cast<double>(count_));
    }
    return table.json(count_);
  }

 private:
  static constexpr int kZero = std::numeric_limits<int>::min();
  static constexpr double kWidth = 0.00498754151103897;  // log(1.005)
  std::map<int, std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
};

struct Latencies {
  std::optional<double> ttft, tpot, e2e;  // ms, of a completed request
};

Latencies latencies_of(const RequestRecord& record) {
  if (record.outcome != Outcome::completed || record.token_times.empty()) return {};
  return {kTtft.of(record), kTpot.of(record), kE2e.of(record)};
}

void request_row(ColumnTable& table, const RequestRecord& record, const Latencies& latencies) {
  table.begin_row();
  table.number("request", record.id.value);
  table.text("outcome", std::string(name(record.outcome)));
  table.number("due_s", in_seconds(record.scheduled.time_since_epoch()));
  table.number("input_tokens", static_cast<double>(record.input.count()));
  table.number("output_tokens", static_cast<double>(record.output.count()));
  table.number("ttft_ms", latencies.ttft);
  table.number("tpot_ms", latencies.tpot);
  table.number("e2e_ms", latencies.e2e);
  if (record.admitted) table.number("queue_ms", milliseconds(*record.admitted - record.scheduled));
  table.number("preemptions", record.preemptions);
  table.number("replica", record.replica);
}

void part_cells(ColumnTable& table, const std::string& prefix, const TimeParts& parts) {
  for (std::size_t i = 0; i < kTimeParts; ++i) {
    table.number(prefix + std::string(name(static_cast<TimePart>(i))) + "_ms",
                 milliseconds(parts.of[i]));
  }
}

// The largest few of what was offered; of equal ones the first.
class Longest {
 public:
  void offer(double value, const RequestRecord& record) {
    kept_.emplace(-value, record);
    if (kept_.size() > kWorst) kept_.erase(std::prev(kept_.end()));
  }
  bool takes(double value) const { return kept_.size() < kWorst || -value < kept_.rbegin()->first; }
  const std::multimap<double, RequestRecord>& kept() const { return kept_; }

 private:
  std::multimap<double, RequestRecord> kept_;
};

class RecordTables {
 public:
  void add(const RequestRecord& record) {
    const Latencies latencies = latencies_of(record);
    if (seen_++ % stride_ == 0) keep(record, latencies);
    if (!latencies.e2e) return;
    const std::optional<double> values[] = {latencies.ttft, latencies.tpot, latencies.e2e};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!values[i]) continue;
      samples_[i].push_back(*values[i]);
      if (longest_[i].takes(*values[i])) longest_[i].offer(*values[i], record);
    }
    gaps_.clear();
    append_gaps(record, gaps_);
    for (const double gap : gaps_) gap_counts_.add(gap);
  }

  ordered_json json() {
    ordered_json tables = ordered_json::object();
    const char* names[] = {"ecdf_ttft", "ecdf_tpot", "ecdf_e2e"};
    for (std::size_t i = 0; i < 3; ++i) tables[names[i]] = ecdf(std::move(samples_[i]));
    tables["ecdf_itl"] = gap_counts_.ecdf();
    ColumnTable requests;
    for (const auto& [record, latencies] : kept_) request_row(requests, record, latencies);
    tables["requests"] = requests.json(seen_);
    tables["worst"] = worst();
    return tables;
  }

 private:
  // Twice as many as there may be: every second one goes, and from now on every second one comes.
  void keep(const RequestRecord& record, const Latencies& latencies) {
    RequestRecord without_tokens = record;
    without_tokens.token_times = {};
    without_tokens.parts = {};
    kept_.emplace_back(std::move(without_tokens), latencies);
    if (kept_.size() <= kMostRequests) return;
    std::size_t to = 0;
    for (std::size_t from = 0; from < kept_.size(); from += 2) kept_[to++] = kept_[from];
    kept_.resize(to);
    stride_ *= 2;
  }

  ordered_json worst() const {
    std::map<std::uint32_t, const RequestRecord*> of_all;  // by id
    for (const Longest& longest : longest_) {
      for (const auto& [value, record] : longest.kept()) of_all[record.id.value] = &record;
    }
    ColumnTable table;
    for (const auto& [id, record] : of_all) {
      request_row(table, *record, latencies_of(*record));
      std::vector<double> gaps;
      append_gaps(*record, gaps);
      if (!gaps.empty())
        table.number("longest_gap_ms", *std::max_element(gaps.begin(), gaps.end()));
      if (!record->parts) continue;
      part_cells(table, "first_token.", record->parts->first_token);
      part_cells(table, "answer.", record->parts->answer);
    }
    return table.json();
  }

  std::uint64_t seen_ = 0, stride_ = 1;
  std::vector<std::pair<RequestRecord, Latencies>> kept_;
  std::vector<double> samples_[3], gaps_;  // TTFT, TPOT, E2E
  Longest longest_[3];
  GapCounts gap_counts_;
};

}  // namespace

ordered_json record_tables(const std::string& path) {
  RecordTables tables;
  for_each_record(path, [&](const RequestRecord& record) { tables.add(record); });
  return tables.json();
}

}  // namespace inferbench

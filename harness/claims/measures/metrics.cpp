// Rows about the metrics themselves: requests whose token times are given, and what comes of them.
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/metrics/summarize.hpp"

namespace inferbench::claims {
namespace {

Time at_ms(double ms) {
  return Time(rounded(Seconds(ms / 1e3)));
}

// {"arrival_ms": 0, "input": 100, "token_ms": [200, 250, 300]}
std::vector<RequestRecord> read_records(const JsonObject& inputs) {
  std::vector<RequestRecord> records;
  for (const auto& row : inputs.array("records")) {
    const JsonObject entry(row, inputs.place() + ": \"records\"");
    RequestRecord record;
    record.id = RequestId{records.size()};
    record.session = SessionId{records.size()};
    record.outcome = Outcome::completed;
    record.input = Tokens(entry.integer("input", 1));
    record.scheduled = record.issued = at_ms(numbers(entry, "arrival_ms").front());
    record.admitted = record.scheduled;
    for (const double ms : numbers(entry, "token_ms")) {
      record.token_times.push_back(at_ms(ms));
    }
    record.output = Tokens(static_cast<std::int64_t>(record.token_times.size()));
    record.ended = record.token_times.back();
    entry.refuse_unknown();
    records.push_back(std::move(record));
  }
  if (records.empty()) inputs.refuse("records", "is empty", "expected at least one");
  return records;
}

void set_or_absent(Numbers& out, const std::string& name, const std::optional<double>& value,
                   const std::string& reason) {
  if (value) {
    out.set(name, *value);
  } else {
    out.absent(name, reason.empty() ? "too few samples" : reason);
  }
}

}  // namespace

// Summary of hand-made records: the mean of each distribution ("ttft_mean"), the rates of the full
// window ("full_output_tps_gpu"), every scalar, and, under "slo", what share of requests meets it.
Numbers metric_story(const JsonObject& inputs, const World&) {
  const std::vector<RequestRecord> records = read_records(inputs);
  SummaryOptions options;
  options.gpus.total = options.gpus.prefill = options.gpus.decode = inputs.integer("gpus", 1);
  if (inputs.has("slo")) options.slo = parse_slo(inputs.text("slo"));
  const Summary summary = summarize(records, options);
  Numbers out;
  out.set("completed", static_cast<double>(summary.outcomes.completed));
  for (const DistributionMetric& metric : summary.distributions) {
    set_or_absent(out, metric.id + "_mean", metric.mean, "");
  }
  for (const ScalarMetric& metric : summary.scalars) {
    set_or_absent(out, metric.id, metric.value, metric.absent_because);
  }
  for (const Window& window : summary.windows) {
    if (window.name != "full") continue;
    for (const ScalarMetric& rate : window.rates) {
      set_or_absent(out, "full_" + rate.id, rate.value, rate.absent_because);
    }
  }
  return out;
}

}  // namespace inferbench::claims

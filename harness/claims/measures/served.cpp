#include "harness/claims/measures/served.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench::claims {
namespace {

class ListSource final : public RequestSource {
 public:
  explicit ListSource(std::vector<Request> requests) : requests_(std::move(requests)) {}

  Time next_arrival() const override {
    return next_ < requests_.size() ? requests_[next_].arrival : kNever;
  }
  Request pop() override { return requests_[next_++]; }

 private:
  std::vector<Request> requests_;
  std::size_t next_ = 0;
};

std::vector<std::int64_t> range(const JsonObject& inputs, const std::string& key) {
  std::vector<std::int64_t> ends = integers(inputs, key);
  if (ends.size() != 2 || ends[0] < 1 || ends[0] > ends[1]) {
    inputs.refuse(key, "is no range", "expected [min, max], ascending from 1");
  }
  return ends;
}

double probability(const JsonObject& inputs, const std::string& key) {
  const double value = inputs.optional_number(key).value_or(0);
  if (value > 1) inputs.refuse(key, "is above 1", "expected a probability");
  return value;
}

}  // namespace

Deployment deployment(const JsonObject& inputs, const World& world) {
  const auto placed = place(model(inputs, world), gpu(inputs, world),
                            parse_parallel(inputs.text("parallel", "tp1")),
                            parse_precision(inputs.text("precision", "bf16")));
  const auto* fits = std::get_if<Deployment>(&placed);
  if (fits == nullptr) inputs.refuse("parallel", "does not fit", "choose one that fits");
  return *fits;
}

std::vector<Request> draw_requests(const JsonObject& inputs, double rate, std::uint64_t seed) {
  const auto input = range(inputs, "input"), output = range(inputs, "output");
  const double long_share = probability(inputs, "long_share");
  const auto longer = long_share > 0 ? range(inputs, "long_output") : output;
  const std::int64_t count = inputs.integer("requests");
  if (count < 2) inputs.refuse("requests", "is below 2", "expected at least two");
  RandomStream random(seed, "claims.requests");
  std::vector<Request> requests;
  Duration at{};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& lengths = random.uniform() < long_share ? longer : output;
    Request made;
    made.id = RequestId(static_cast<std::uint64_t>(i));
    made.session = SessionId(static_cast<std::uint64_t>(i));
    made.arrival = Time(at);
    made.input = Tokens(random.between(input[0], input[1]));
    made.output = Tokens(random.between(lengths[0], lengths[1]));
    made.max_output = Tokens(std::max(output[1], longer[1]));
    requests.push_back(std::move(made));
    if (rate > 0) at += rounded(Seconds(random.exponential(1.0 / rate)));
  }
  return requests;
}

std::vector<RequestRecord> serve(SystemUnderTest& system, std::vector<Request> requests) {
  ListSource source(std::move(requests));
  RecordList list;
  system.serve(source, list);
  return list.take_by_id();
}

double ended_s(const std::vector<RequestRecord>& records) {
  Time last{};
  for (const RequestRecord& record : records) last = std::max(last, record.ended);
  return seconds(last - Time{}).count();
}

double completed(const std::vector<RequestRecord>& records) {
  return static_cast<double>(std::count_if(records.begin(), records.end(), [](const auto& record) {
    return record.outcome == Outcome::completed &&
           static_cast<std::int64_t>(record.token_times.size()) == record.output.count();
  }));
}

double mean_e2e_ms(const std::vector<RequestRecord>& records) {
  double sum = 0, count = 0;
  for (const RequestRecord& record : records) {
    if (record.outcome != Outcome::completed) continue;
    sum += seconds(record.ended - record.scheduled).count() * 1e3;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}

double ttft_percentile_ms(const std::vector<RequestRecord>& records, double percentile) {
  std::vector<double> ttft;
  for (const RequestRecord& record : records) {
    if (record.token_times.empty()) continue;
    ttft.push_back(seconds(record.token_times.front() - record.scheduled).count() * 1e3);
  }
  std::sort(ttft.begin(), ttft.end());
  return ttft.empty() ? 0 : percentile_of_sorted(ttft, percentile);
}

}  // namespace inferbench::claims

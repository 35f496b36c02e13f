#include "harness/metrics/latency_parts.hpp"

#include <algorithm>
#include <string>

#include "harness/metrics/durations.hpp"

namespace inferbench {
namespace {

// One request's share in a mean: its parts, and by how much they count.
struct PartsSample {
  const TimeParts* parts = nullptr;
  double tokens = 1;  // that they are divided by
  double value_ms = 0;
};

LatencyParts mean_latency_parts(std::string metric, std::string over,
                                std::span<const PartsSample> samples) {
  LatencyParts out;
  out.metric = std::move(metric);
  out.over = std::move(over);
  out.count = samples.size();
  for (std::size_t i = 0; i < kTimeParts; ++i) {
    out.parts.emplace_back(name(static_cast<TimePart>(i)), 0.0);
  }
  const auto requests = static_cast<double>(samples.size());
  for (const PartsSample& sample : samples) {
    const double weight = 1 / (sample.tokens * requests);
    for (std::size_t i = 0; i < kTimeParts; ++i) {
      out.parts[i].second += milliseconds(sample.parts->of[i]) * weight;
    }
    out.prefill_ms += milliseconds(sample.parts->prefill) * weight;
    out.hidden_collectives_ms += milliseconds(sample.parts->hidden_collectives) * weight;
    out.mean_ms += sample.value_ms / requests;
  }
  return out;
}

void append_latency(std::vector<LatencyParts>& all, const char* metric,
                    std::vector<PartsSample> samples) {
  if (samples.empty()) return;
  all.push_back(mean_latency_parts(metric, "all", samples));
  std::stable_sort(samples.begin(), samples.end(), [](const PartsSample& a, const PartsSample& b) {
    return a.value_ms > b.value_ms;
  });
  const std::size_t tenth = (samples.size() + 9) / 10;
  all.push_back(mean_latency_parts(metric, "slowest_tenth", std::span(samples).first(tenth)));
}

}  // namespace

std::vector<LatencyParts> latency_parts(std::span<const RequestRecord> records) {
  std::vector<PartsSample> first_tokens, answers;
  for (const RequestRecord& record : records) {
    if (record.outcome != Outcome::completed || record.parts == nullptr) continue;
    const TokenTimes& tokens = record.token_times;
    first_tokens.push_back({.parts = &record.parts->first_token,
                            .value_ms = milliseconds(tokens.front() - record.scheduled)});
    if (tokens.size() < 2) continue;
    const auto gaps = static_cast<double>(tokens.size() - 1);
    answers.push_back({.parts = &record.parts->answer,
                       .tokens = gaps,
                       .value_ms = milliseconds(tokens.back() - tokens.front()) / gaps});
  }
  std::vector<LatencyParts> all;
  append_latency(all, "ttft", std::move(first_tokens));
  append_latency(all, "tpot", std::move(answers));
  return all;
}

}  // namespace inferbench

#include <algorithm>
#include <nlohmann/json.hpp>

#include "results/exporters/export.hpp"
#include "results/exporters/serving_figures.hpp"
#include "results/exporters/serving_setup.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

constexpr double kMsPerSecond = 1e3;
constexpr double kPercentiles[] = {1, 5, 10, 25, 50, 75, 90, 95, 99};

// A metric with one sample per request.
ordered_json record_metric(const char* unit, const SecondsSamples& samples, double factor) {
  ordered_json metric = {{"unit", unit},
                         {"avg", samples.mean() * factor},
                         {"min", samples.percentile(0) * factor},
                         {"max", samples.percentile(100) * factor}};
  for (const double percent : kPercentiles) {
    metric["p" + std::to_string(static_cast<int>(percent))] = samples.percentile(percent) * factor;
  }
  metric["std"] = samples.stddev() * factor;
  metric["count"] = samples.count();
  metric["sum"] = samples.mean() * static_cast<double>(samples.count()) * factor;
  return metric;
}

// A metric with one value per run.
ordered_json run_metric(const char* unit, double value) {
  return {{"unit", unit}, {"avg", value}};
}

double in_seconds(Duration duration) {
  return seconds(duration).count();
}

// Samples that vLLM's figures do not have; lengths and speeds stand in for seconds there.
struct RequestSamples {
  std::vector<double> second_token, tokens_per_s, prefill_tokens_per_s, input, output;
  Time first_sent = kNever, last_token{};

  void add(const RequestRecord& record) {
    const std::vector<Time> tokens = record.token_times.to_vector();
    first_sent = std::min(first_sent, record.issued);
    last_token = std::max(last_token, tokens.back());
    input.push_back(static_cast<double>(record.input.count()));
    output.push_back(static_cast<double>(tokens.size()));
    const double ttft = in_seconds(tokens.front() - record.issued);
    if (ttft > 0) prefill_tokens_per_s.push_back(input.back() / ttft);
    if (tokens.size() < 2) return;
    second_token.push_back(in_seconds(tokens[1] - tokens[0]));
    const double decode = in_seconds(tokens.back() - tokens.front());
    if (decode > 0) tokens_per_s.push_back(static_cast<double>(tokens.size() - 1) / decode);
  }
};

RequestSamples samples_of(std::span<const RequestRecord> records) {
  RequestSamples samples;
  for (const RequestRecord& record : records) {
    const bool good = record.outcome == Outcome::completed && !record.token_times.empty();
    if (good) samples.add(record);
  }
  return samples;
}

ordered_json input_config(const ServingSetup& setup, std::size_t requests) {
  ordered_json load = {{"request_count", requests}};
  if (setup.concurrency) load["concurrency"] = *setup.concurrency;
  if (setup.rate_per_s) load["request_rate"] = *setup.rate_per_s;
  ordered_json config = {{"endpoint",
                          {{"model_names", ordered_json::array({setup.model.value_or("unknown")})},
                           {"type", "inferbench"},
                           {"streaming", true}}},
                         {"loadgen", std::move(load)}};
  return config;
}

void put_samples(ordered_json& json, const char* tag, const char* unit, double factor,
                 const SecondsSamples& samples, std::vector<std::string>& notes) {
  if (samples.empty()) {
    notes.push_back(std::string(tag) + " is left out: it has no samples");
  } else {
    json[tag] = record_metric(unit, samples, factor);
  }
}

void put_rates(ordered_json& json, const ServingFigures& figures, double duration_s) {
  const auto completed = static_cast<double>(figures.completed);
  const auto input = static_cast<double>(figures.input_tokens);
  const auto output = static_cast<double>(figures.output_tokens);
  json["request_throughput"] = run_metric("requests/sec", completed / duration_s);
  json["output_token_throughput"] = run_metric("tokens/sec", output / duration_s);
  json["total_token_throughput"] = run_metric("tokens/sec", (input + output) / duration_s);
  json["request_count"] = run_metric("requests", completed);
  json["total_isl"] = run_metric("tokens", input);
  json["total_osl"] = run_metric("tokens", output);
  json["benchmark_duration"] = run_metric("sec", duration_s);
}

}  // namespace

Export export_aiperf(const RunResult& result, std::span<const RequestRecord> records,
                     const ExportOptions& options) {
  const ServingFigures figures = serving_figures(records, "export");
  const RequestSamples samples = samples_of(records);
  const double duration_s = in_seconds(samples.last_token - samples.first_sent);
  Export out;
  ordered_json json = {{"schema_version", "1.5"},
                       {"aiperf_version", "inferbench-" + result.provenance.build.version},
                       {"start_time", result.provenance.started_utc},
                       {"end_time", result.provenance.finished_utc},
                       {"was_cancelled", false},
                       {"input_config", input_config(serving_setup(result), records.size())}};
  const auto put = [&](const char* tag, const char* unit, double factor, const SecondsSamples& of) {
    put_samples(json, tag, unit, factor, of, out.notes);
  };
  put("time_to_first_token", "ms", kMsPerSecond, figures.ttft);
  put("time_to_second_token", "ms", kMsPerSecond, SecondsSamples(samples.second_token));
  put("request_latency", "ms", kMsPerSecond, figures.e2el);
  put("inter_token_latency", "ms", kMsPerSecond, figures.tpot);
  put("inter_chunk_latency", "ms", kMsPerSecond, figures.itl);
  put("output_token_throughput_per_user", "tokens/sec/user", 1,
      SecondsSamples(samples.tokens_per_s));
  put("prefill_throughput_per_user", "tokens/sec/user", 1,
      SecondsSamples(samples.prefill_tokens_per_s));
  put("input_sequence_length", "tokens", 1, SecondsSamples(samples.input));
  put("output_sequence_length", "tokens", 1, SecondsSamples(samples.output));
  if (duration_s > 0) put_rates(json, figures, duration_s);
  if (duration_s <= 0) out.notes.emplace_back("rates are left out: no time passed");
  json["error_summary"] = ordered_json::array();
  json["inferbench_method"] = name(result.method);
  json["inferbench_valid"] = result.validity.valid;
  for (const auto& [key, value] : options.metadata) json[key] = value;
  if (figures.failed > 0) {
    out.notes.push_back(std::to_string(figures.failed) +
                        (figures.failed == 1 ? " request" : " requests") + " did not complete");
  }
  out.text = json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  return out;
}

}  // namespace inferbench

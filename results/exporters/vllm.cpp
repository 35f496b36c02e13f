#include <algorithm>
#include <nlohmann/json.hpp>

#include "results/exporters/export.hpp"
#include "results/exporters/latency_keys.hpp"
#include "results/exporters/serving_setup.hpp"
#include "results/record_names.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

// "2026-11-21T09:30:00.000Z" -> "20261121-093000"
std::string vllm_date(const std::string& utc) {
  std::string digits;
  for (const char c : utc.substr(0, std::min<std::size_t>(19, utc.size()))) {
    if (c >= '0' && c <= '9') digits += c;
    if (c == 'T') digits += '-';
  }
  return digits;
}

void put_setup(ordered_json& out, const RunResult& result, const ServingSetup& setup,
               std::size_t requests, std::vector<std::string>& notes) {
  out["date"] = vllm_date(result.provenance.started_utc);
  out["endpoint_type"] = "inferbench";
  out["backend"] = "inferbench";
  out["label"] = "inferbench-" + std::string(name(result.method));
  out["model_id"] = setup.model.value_or("unknown");
  out["tokenizer_id"] = setup.model.value_or("unknown");
  out["num_prompts"] = requests;
  if (setup.rate_per_s) {
    out["request_rate"] = *setup.rate_per_s;
  } else {
    out["request_rate"] = "inf";
  }
  out["burstiness"] = setup.burstiness.value_or(1.0);
  if (setup.rate_per_s && !setup.burstiness) {
    notes.emplace_back("burstiness: the run states none, vLLM's default of 1.0 is written");
  }
  out["max_concurrency"] = setup.concurrency ? ordered_json(*setup.concurrency) : nullptr;
  if (!setup.model) notes.emplace_back("model_id: the result names no model; use --metadata");
}

ordered_json goodput(const RunResult& result) {
  if (!result.summary) return nullptr;
  for (const ScalarMetric& metric : result.summary->scalars) {
    if (metric.id == "request_goodput" && metric.value) return *metric.value;
  }
  return nullptr;
}

double s(Duration duration) {
  return seconds(duration).count();
}

ordered_json gaps_of(const RequestRecord& record) {
  ordered_json gaps = ordered_json::array();
  for (std::size_t i = 1; i < record.token_times.size(); ++i) {
    gaps.push_back(s(record.token_times[i] - record.token_times[i - 1]));
  }
  return gaps;
}

// As vLLM writes failures: zero lengths and latencies, and a text in `errors`.
void put_details(ordered_json& out, std::span<const RequestRecord> records) {
  const char* arrays[] = {"input_lens",  "output_lens", "ttfts",           "itls",  "latencies",
                          "start_times", "queue_times", "generated_texts", "errors"};
  for (const char* key : arrays) out[key] = ordered_json::array();
  for (const RequestRecord& record : records) {
    const bool good = record.outcome == Outcome::completed && !record.token_times.empty();
    out["input_lens"].push_back(record.input.count());
    out["output_lens"].push_back(good ? record.token_times.size() : 0);
    out["ttfts"].push_back(good ? s(record.token_times.front() - record.issued) : 0.0);
    out["itls"].push_back(good ? gaps_of(record) : ordered_json::array());
    out["latencies"].push_back(good ? s(record.token_times.back() - record.issued) : 0.0);
    out["start_times"].push_back(s(record.issued.time_since_epoch()));
    out["queue_times"].push_back(good ? s(record.issued - record.scheduled) : 0.0);
    out["generated_texts"].push_back("");
    out["errors"].push_back(good ? "" : std::string(outcome_name(record.outcome)));
  }
}

}  // namespace

Export export_vllm(const RunResult& result, std::span<const RequestRecord> records,
                   const ExportOptions& options) {
  const ServingFigures figures = serving_figures(records, "export");
  const ServingSetup setup = serving_setup(result);
  Export out;
  ordered_json json;
  put_setup(json, result, setup, records.size(), out.notes);
  json["duration"] = figures.duration_s;
  json["completed"] = figures.completed;
  json["failed"] = figures.failed;
  json["total_input_tokens"] = figures.input_tokens;
  json["total_output_tokens"] = figures.output_tokens;
  json["request_throughput"] = figures.request_throughput();
  json["request_goodput"] = goodput(result);
  json["output_throughput"] = figures.output_throughput();
  json["total_token_throughput"] = figures.total_token_throughput();
  if (options.detailed) put_details(json, records);
  json["max_output_tokens_per_s"] = static_cast<double>(figures.peak_output_tokens_per_s);
  json["max_concurrent_requests"] = figures.peak_concurrent_requests;
  json["rtfx"] = 0.0;
  for (const LatencyFigure& figure : latency_figures(figures, options, out.notes)) {
    json[figure.statistic + "_" + figure.metric + "_ms"] = figure.seconds * 1e3;
  }
  json["inferbench_method"] = name(result.method);
  json["inferbench_valid"] = result.validity.valid;
  for (const auto& [key, value] : options.metadata) json[key] = value;
  out.text = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  return out;
}

}  // namespace inferbench

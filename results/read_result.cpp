// JSON back to RunResult. Only documents that validate reach the conversions below, so they read
// keys without asking; what the schema leaves open (unknown keys) is ignored.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/json_numbers.hpp"
#include "results/kernel_rows.hpp"
#include "results/run_result.hpp"
#include "results/validate.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

std::string text_or_empty(const ordered_json& object, const char* key) {
  return object.value(key, std::string());
}

std::optional<double> number(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : std::optional(found->get<double>());
}

std::string absence(const ordered_json& object, const char* key) {
  const auto absent = object.find("absent");
  return absent == object.end() ? "" : text_or_empty(*absent, key);
}

Better better_from(const std::string& text) {
  if (text == "lower") return Better::lower;
  return text == "higher" ? Better::higher : Better::neither;
}

Validity validity_from(const ordered_json& json) {
  Validity validity{.valid = json.at("valid").get<bool>(), .reasons = {}};
  for (const ordered_json& reason : json.at("reasons")) {
    validity.reasons.push_back({.id = reason.at("id"),
                                .text = reason.at("text"),
                                .invalidates = reason.at("invalidates")});
  }
  return validity;
}

std::vector<std::pair<std::string, std::uint64_t>> reasons_from(const ordered_json& json) {
  std::vector<std::pair<std::string, std::uint64_t>> reasons;
  if (!json.contains("reasons")) return reasons;
  for (const auto& [reason, count] : json.at("reasons").items()) {
    reasons.emplace_back(reason, read_unsigned(count));
  }
  return reasons;
}

OutcomeCounts outcomes_from(const ordered_json& json) {
  return {.requests = read_unsigned(json.at("requests")),
          .completed = read_unsigned(json.at("completed")),
          .rejected = read_unsigned(json.at("rejected")),
          .cancelled = read_unsigned(json.at("cancelled")),
          .failed = json.contains("failed") ? read_unsigned(json.at("failed")) : 0,
          .unfinished = read_unsigned(json.at("unfinished")),
          .reasons = reasons_from(json)};
}

// "p99.9": the schema admits digits and one dot after the p.
double percentile_of(const std::string& key) {
  return ordered_json::parse(key.substr(1)).get<double>();
}

std::vector<Quantile> quantiles_from(const ordered_json& json) {
  std::vector<Quantile> quantiles;
  for (const auto& [key, value] : json.items()) {
    if (key != "absent") quantiles.push_back({percentile_of(key), value.get<double>()});
  }
  if (const auto absent = json.find("absent"); absent != json.end()) {
    for (const auto& [key, reason] : absent->items()) {
      quantiles.push_back({percentile_of(key), std::nullopt});
    }
  }
  std::sort(quantiles.begin(), quantiles.end(),
            [](const Quantile& a, const Quantile& b) { return a.percentile < b.percentile; });
  return quantiles;
}

DistributionMetric distribution_from(const ordered_json& json) {
  DistributionMetric metric;
  metric.id = json.at("id");
  metric.unit = json.at("unit");
  metric.definition = json.at("definition");
  metric.better = better_from(json.at("better"));
  metric.count = read_unsigned(json.at("count"));
  metric.mean = number(json, "mean");
  metric.stddev = number(json, "stddev");
  metric.min = number(json, "min");
  metric.max = number(json, "max");
  metric.quantiles = quantiles_from(json.at("percentiles"));
  return metric;
}

ScalarMetric scalar_from(const ordered_json& json) {
  return {.id = json.at("id"),
          .unit = json.at("unit"),
          .definition = json.at("definition"),
          .better = better_from(json.at("better")),
          .value = number(json, "value"),
          .absent_because = absence(json, "value")};
}

std::vector<ScalarMetric> scalars_from(const ordered_json& json) {
  std::vector<ScalarMetric> scalars;
  for (const ordered_json& scalar : json) scalars.push_back(scalar_from(scalar));
  return scalars;
}

Window window_from(const ordered_json& json) {
  Window window;
  window.name = json.at("name");
  window.definition = json.at("definition");
  window.found = json.at("found");
  if (window.found) {
    window.begin = Time(Duration(read_signed(json.at("begin_ns"))));
    window.end = Time(Duration(read_signed(json.at("end_ns"))));
  }
  window.rates = scalars_from(json.at("rates"));
  return window;
}

LatencyParts latency_parts_from(const ordered_json& json) {
  LatencyParts latency;
  latency.metric = json.at("metric");
  latency.over = json.at("over");
  latency.count = read_unsigned(json.at("count"));
  latency.mean_ms = json.at("mean_ms");
  for (const auto& [part, ms] : json.at("parts_ms").items()) latency.parts.emplace_back(part, ms);
  latency.prefill_ms = json.at("prefill_ms");
  latency.hidden_collectives_ms = json.at("hidden_collectives_ms");
  return latency;
}

Summary summary_from(const ordered_json& json) {
  Summary summary;
  summary.outcomes = outcomes_from(json.at("outcomes"));
  summary.percentile_method = json.at("percentile_method");
  for (const ordered_json& metric : json.at("distributions")) {
    summary.distributions.push_back(distribution_from(metric));
  }
  summary.scalars = scalars_from(json.at("scalars"));
  summary.headline_window = json.at("headline_window");
  for (const ordered_json& window : json.at("windows")) {
    summary.windows.push_back(window_from(window));
  }
  for (const ordered_json& slo : json.at("slo")) {
    summary.slo.push_back({.constraint = slo.at("constraint"),
                           .attained = number(slo, "attained"),
                           .met = slo.at("met"),
                           .share_of_requests = number(slo, "share_of_requests").value_or(0)});
  }
  for (const ordered_json& latency : json.value("latency_parts", ordered_json::array())) {
    summary.latency_parts.push_back(latency_parts_from(latency));
  }
  return summary;
}

BuildStamp build_from(const ordered_json& json) {
  BuildStamp build;
  build.version = json.at("version");
  build.git_commit = text_or_empty(json, "git_commit");
  if (json.contains("git_dirty")) build.git_dirty = json.at("git_dirty").get<bool>();
  build.compiler = text_or_empty(json, "compiler");
  build.flags = text_or_empty(json, "flags");
  build.build_type = text_or_empty(json, "build_type");
  return build;
}

HostInfo host_from(const ordered_json& json) {
  HostInfo host;
  host.name_hash = text_or_empty(json, "name_hash");
  host.cpu = text_or_empty(json, "cpu");
  host.architecture = text_or_empty(json, "architecture");
  host.microcode = text_or_empty(json, "microcode");
  host.governor = text_or_empty(json, "governor");
  host.kernel = text_or_empty(json, "kernel");
  host.distribution = text_or_empty(json, "distribution");
  host.glibc = text_or_empty(json, "glibc");
  host.load_average = text_or_empty(json, "load_average");
  host.sockets = json.value("sockets", 0);
  host.physical_cores = json.value("physical_cores", 0);
  host.logical_cpus = json.value("logical_cpus", 0);
  host.allowed_cpus = json.value("allowed_cpus", 0);
  if (json.contains("virtual_machine")) {
    host.virtual_machine = json.at("virtual_machine").get<bool>();
  }
  if (json.contains("memory_bytes")) host.memory_bytes = read_unsigned(json.at("memory_bytes"));
  for (const ordered_json& cache : json.value("caches", ordered_json::array())) {
    host.caches.push_back({.level = cache.at("level"),
                           .type = cache.at("type"),
                           .bytes = read_unsigned(cache.at("bytes"))});
  }
  host.settings = json.value("settings", HostTexts());
  host.variables = json.value("variables", HostTexts());
  host.state = json.value("state", HostTexts());
  host.state_at_end = json.value("state_at_end", HostTexts());
  return host;
}

Provenance provenance_from(const ordered_json& json) {
  Provenance provenance;
  provenance.build = build_from(json.at("build"));
  provenance.command_line = json.at("command_line").get<std::vector<std::string>>();
  provenance.started_utc = json.at("started_utc");
  provenance.finished_utc = json.at("finished_utc");
  provenance.seed = read_unsigned(json.at("seed"));
  for (const ordered_json& input : json.at("inputs")) {
    provenance.inputs.push_back({.role = input.at("role"),
                                 .name = input.at("name"),
                                 .bytes = read_unsigned(input.at("bytes")),
                                 .sha256 = input.at("sha256")});
  }
  provenance.records_file = text_or_empty(json, "records_file");
  if (json.contains("host")) provenance.host = host_from(json.at("host"));
  return provenance;
}

RunResult result_from(const ordered_json& json) {
  RunResult result;
  result.kind = parse_run_kind(json.at("kind").get<std::string>()).value();
  result.method = parse_method(json.at("method").get<std::string>()).value();
  result.validity = validity_from(json.at("validity"));
  result.configuration = json.at("configuration");
  if (json.contains("summary")) {
    result.summary = summary_from(json.at("summary"));
    result.summary->validity = result.validity;
  }
  if (json.contains("points")) result.points = json.at("points");
  for (const ordered_json& row : json.value("rows", ordered_json::array())) {
    result.rows.push_back(kernel_row_from(row));
  }
  if (json.contains("findings")) result.findings = json.at("findings");
  if (json.contains("records")) {
    const ordered_json& records = json.at("records");
    result.records = {.requests = read_unsigned(records.at("requests")),
                      .sha256 = records.at("sha256")};
  }
  for (const ordered_json& missing : json.at("not_measured")) {
    result.not_measured.push_back({.what = missing.at("what"), .reason = missing.at("reason")});
  }
  result.provenance = provenance_from(json.at("provenance"));
  return result;
}

}  // namespace

RunResult parse_run_result(const std::string& text, const std::string& place) {
  const std::vector<Violation> violations = validate_run_result(text);
  if (!violations.empty()) {
    const Violation& first = violations.front();
    const std::string where = first.pointer.empty() ? place : place + ": " + first.pointer;
    const std::size_t more = violations.size() - 1;
    throw Error(where, first.problem, more == 0 ? "" : "and " + std::to_string(more) + " more",
                "`inferbench validate-result " + place + "` lists everything that is wrong");
  }
  return result_from(ordered_json::parse(text));
}

}  // namespace inferbench

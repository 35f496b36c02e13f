// RunResult to JSON. The order of keys here is the order in the file.

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/host_json.hpp"
#include "results/json_numbers.hpp"
#include "results/kernel_rows.hpp"
#include "results/run_result.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

std::string_view name(Better better) {
  switch (better) {
    case Better::lower:
      return "lower";
    case Better::higher:
      return "higher";
    case Better::neither:
      break;
  }
  return "neither";
}

ordered_json validity_json(const Validity& validity) {
  ordered_json reasons = ordered_json::array();
  for (const ValidityReason& reason : validity.reasons) {
    reasons.push_back(
        {{"id", reason.id}, {"text", reason.text}, {"invalidates", reason.invalidates}});
  }
  return {{"valid", validity.valid}, {"reasons", std::move(reasons)}};
}

ordered_json outcomes_json(const OutcomeCounts& outcomes) {
  ordered_json out = {{"requests", json_integer(outcomes.requests)},
                      {"completed", json_integer(outcomes.completed)},
                      {"rejected", json_integer(outcomes.rejected)},
                      {"cancelled", json_integer(outcomes.cancelled)},
                      {"failed", json_integer(outcomes.failed)},
                      {"unfinished", json_integer(outcomes.unfinished)}};
  for (const auto& [reason, count] : outcomes.reasons) {
    out["reasons"][reason] = json_integer(count);
  }
  return out;
}

ordered_json distribution_json(const DistributionMetric& metric) {
  ordered_json out = {{"id", metric.id},
                      {"unit", metric.unit},
                      {"definition", metric.definition},
                      {"better", name(metric.better)},
                      {"count", json_integer(metric.count)}};
  const std::string samples = std::to_string(metric.count) + " samples";
  put_number(out, "mean", metric.mean, samples);
  put_number(out, "stddev", metric.stddev, samples);
  put_number(out, "min", metric.min, samples);
  put_number(out, "max", metric.max, samples);
  ordered_json quantiles = ordered_json::object();
  for (const Quantile& quantile : metric.quantiles) {
    put_number(quantiles, percentile_key(quantile.percentile), quantile.value,
               samples + " are too few");
  }
  out["percentiles"] = std::move(quantiles);
  return out;
}

ordered_json scalar_json(const ScalarMetric& metric) {
  ordered_json out = {{"id", metric.id},
                      {"unit", metric.unit},
                      {"definition", metric.definition},
                      {"better", name(metric.better)}};
  put_number(out, "value", metric.value,
             metric.absent_because.empty() ? "not measured" : metric.absent_because);
  return out;
}

template <class Metric, class ToJson>
ordered_json metrics_json(const std::vector<Metric>& metrics, ToJson to_json) {
  ordered_json out = ordered_json::object();
  for (const Metric& metric : metrics) {
    const std::string key = key_with_unit(metric.id, metric.unit);
    ensure(!out.contains(key), "metric ids differ within one list of a summary");
    out[key] = to_json(metric);
  }
  return out;
}

ordered_json window_json(const Window& window) {
  ordered_json out = {
      {"name", window.name}, {"definition", window.definition}, {"found", window.found}};
  if (window.found) {
    out["begin_ns"] = json_integer(std::int64_t{window.begin.time_since_epoch().count()});
    out["end_ns"] = json_integer(std::int64_t{window.end.time_since_epoch().count()});
  }
  out["rates"] = metrics_json(window.rates, scalar_json);
  return out;
}

ordered_json slo_json(const SloOutcome& slo) {
  ordered_json out = {{"constraint", slo.constraint}, {"met", slo.met}};
  put_number(out, "attained", slo.attained, "too few samples");
  put_number(out, "share_of_requests", slo.share_of_requests, "no completed request");
  return out;
}

ordered_json latency_parts_json(const LatencyParts& latency) {
  ordered_json parts = ordered_json::object();
  for (const auto& [part, ms] : latency.parts) parts[part] = ms;
  return {{"metric", latency.metric},
          {"over", latency.over},
          {"count", json_integer(latency.count)},
          {"mean_ms", latency.mean_ms},
          {"parts_ms", std::move(parts)},
          {"prefill_ms", latency.prefill_ms},
          {"hidden_collectives_ms", latency.hidden_collectives_ms}};
}

ordered_json summary_json(const Summary& summary) {
  ordered_json out;
  out["outcomes"] = outcomes_json(summary.outcomes);
  out["percentile_method"] = summary.percentile_method;
  out["distributions"] = metrics_json(summary.distributions, distribution_json);
  out["scalars"] = metrics_json(summary.scalars, scalar_json);
  out["headline_window"] = summary.headline_window;
  out["windows"] = ordered_json::array();
  for (const Window& window : summary.windows) out["windows"].push_back(window_json(window));
  out["slo"] = ordered_json::array();
  for (const SloOutcome& slo : summary.slo) out["slo"].push_back(slo_json(slo));
  for (const LatencyParts& latency : summary.latency_parts) {
    out["latency_parts"].push_back(latency_parts_json(latency));
  }
  return out;
}

ordered_json build_json(const BuildStamp& build) {
  ordered_json out = {{"version", build.version}};
  if (!build.git_commit.empty()) out["git_commit"] = build.git_commit;
  if (build.git_dirty) out["git_dirty"] = *build.git_dirty;
  if (build.git_commit.empty()) out["absent"]["git_commit"] = "built outside a git checkout";
  out["compiler"] = build.compiler;
  out["build_type"] = build.build_type;
  out["flags"] = build.flags;
  return out;
}

ordered_json provenance_json(const Provenance& provenance) {
  ordered_json out;
  out["tool"] = "inferbench";
  out["build"] = build_json(provenance.build);
  out["command_line"] = provenance.command_line;
  out["started_utc"] = provenance.started_utc;
  out["finished_utc"] = provenance.finished_utc;
  out["seed"] = json_integer(provenance.seed);
  out["inputs"] = ordered_json::array();
  for (const InputFile& input : provenance.inputs) {
    out["inputs"].push_back({{"role", input.role},
                             {"name", input.name},
                             {"bytes", json_integer(input.bytes)},
                             {"sha256", input.sha256}});
  }
  if (!provenance.records_file.empty()) out["records_file"] = provenance.records_file;
  if (provenance.host) out["host"] = host_json(*provenance.host);
  return out;
}

}  // namespace

std::string to_json_text(const RunResult& result) {
  ordered_json out;
  out["schema"] = {{"id", kRunResultSchema}, {"version", kRunResultVersion}};
  out["kind"] = name(result.kind);
  out["method"] = name(result.method);
  out["validity"] = validity_json(result.validity);
  out["configuration"] = with_safe_numbers(result.configuration.json());
  if (result.summary) out["summary"] = summary_json(*result.summary);
  if (!result.findings.empty()) out["findings"] = with_safe_numbers(result.findings.json());
  if (!result.points.empty()) out["points"] = with_safe_numbers(result.points.json());
  if (result.kind == RunKind::kernels) {
    out["rows"] = ordered_json::array();
    for (const KernelRow& row : result.rows) out["rows"].push_back(kernel_row_json(row));
  }
  if (result.records) {
    out["records"] = {{"requests", json_integer(result.records->requests)},
                      {"sha256", result.records->sha256}};
  }
  out["not_measured"] = ordered_json::array();
  for (const NotMeasured& missing : result.not_measured) {
    out["not_measured"].push_back({{"what", missing.what}, {"reason", missing.reason}});
  }
  out["provenance"] = provenance_json(result.provenance);
  // A file name may hold any bytes; what is not UTF-8 is replaced rather than refused.
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace inferbench

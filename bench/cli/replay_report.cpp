#include "bench/cli/replay_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/cli/count_text.hpp"
#include "bench/cli/fleet_options.hpp"
#include "bench/cli/kv_options.hpp"
#include "bench/cli/latency_parts_report.hpp"
#include "bench/cli/policy_options.hpp"
#include "bench/cli/replay_activity.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

std::string percent(double share) {
  return significant(100 * share) + " %";
}

std::string slo_verdict(const Summary& summary) {
  if (summary.slo.empty()) return "";
  if (!summary.validity.valid) return " (SLO not judged)";
  const bool met = std::all_of(summary.slo.begin(), summary.slo.end(),
                               [](const SloOutcome& slo) { return slo.met; });
  return met ? ", SLO met" : ", SLO NOT MET";
}

std::string verdict(const ReplayOutcome& outcome) {
  const Summary& summary = outcome.summary;
  const OutcomeCounts& counts = summary.outcomes;
  std::string text = summary.validity.valid ? "VALID" : "INVALID";
  text += slo_verdict(summary) + ": " +
          (outcome.executed ? outcome.executed->verdict : "modelled replay") + ", " +
          count_text(counts.completed) + " of " + count_text(counts.requests) +
          " requests completed";
  if (counts.rejected > 0) text += ", " + count_text(counts.rejected) + " rejected";
  if (counts.cancelled > 0) text += ", " + count_text(counts.cancelled) + " cancelled";
  if (counts.failed > 0) text += ", " + count_text(counts.failed) + " failed";
  if (counts.unfinished > 0) text += ", " + count_text(counts.unfinished) + " unfinished";
  text += "\n";
  for (const ValidityReason& reason : summary.validity.reasons) {
    text += (reason.invalidates ? "  invalid: " : "  note: ") + reason.text + "\n";
  }
  return text;
}

std::string limits_line(const ReplayOutcome& outcome) {
  std::string text = outcome.serving.scheduler + ", " +
                     with_commas(outcome.limits.step_tokens.count()) + " tokens per step, batch " +
                     with_commas(outcome.limits.max_batch) + ", " +
                     with_commas(outcome.limits.kv_blocks) + " KV blocks of " +
                     with_commas(outcome.limits.block_tokens.count());
  if (outcome.serving.speculation) text += ", " + label(*outcome.serving.speculation);
  if (outcome.limits.attention_ranks > 1) {
    text += ", each on " + with_commas(outcome.limits.attention_ranks) + " attention ranks";
  }
  if (outcome.deployment.parallel.dp > 1) {
    text += ", " + with_commas(outcome.deployment.parallel.dp) + " replicas (" +
            outcome.serving.router + ")";
  }
  if (outcome.serving.fleet.decode) {
    const Deployment& decode = *outcome.serving.fleet.decode->deployment;
    text += "\n  decode     " + with_commas(decode.gpus()) + " x " + decode.gpu.name + ", " +
            label(decode.parallel) + ", KV over " + outcome.serving.fleet.decode->transfer;
  }
  return text;
}

std::string what_was_run(const ReplayOutcome& outcome) {
  const Deployment& deployment = outcome.deployment;
  const WorkloadInfo& workload = outcome.workload;
  std::string loop = workload.concurrency
                         ? "closed loop, " + with_commas(*workload.concurrency) + " users"
                         : "open loop";
  const ExecutedSystem system = outcome.executed.value_or(
      ExecutedSystem{.precision = label(deployment.precision),
                     .system = with_commas(deployment.gpus()) + " x " + deployment.gpu.name + ", " +
                               label(deployment.parallel),
                     .times = "modelled, cost profile " + outcome.profile + ": no GPU ran",
                     .closing = {}});
  std::string text = "  model      " + deployment.model.name + ", " + system.precision +
                     "\n  system     " + system.system + "\n  scheduler  " + limits_line(outcome) +
                     "\n  workload   " + workload.name + ", " + loop + "\n  times      " +
                     system.times + "\n";
  for (const std::string& note : workload.notes) text += "  note       " + note + "\n";
  for (const std::string& note : outcome.notes) text += "  note       " + note + "\n";
  return text;
}

std::string slo_table(const Summary& summary) {
  if (summary.slo.empty()) return "";
  TextTable table({"SLO", "attained", "", "requests that meet it"});
  for (const SloOutcome& slo : summary.slo) {
    table.add({slo.constraint, slo.attained ? significant(*slo.attained, 4) : "-",
               slo.met        ? "met"
               : slo.attained ? "NOT MET"
                              : "too few samples",
               percent(slo.share_of_requests)});
  }
  return table.str() + "\n";
}

std::string cell(const std::optional<double>& value) {
  return value ? significant(*value, 4) : "-";
}

const DistributionMetric* find(const Summary& summary, std::string_view id) {
  for (const DistributionMetric& metric : summary.distributions) {
    if (metric.id == id) return &metric;
  }
  return nullptr;
}

std::optional<double> at(const DistributionMetric& metric, double percentile) {
  for (const Quantile& quantile : metric.quantiles) {
    if (quantile.percentile == percentile) return quantile.value;
  }
  return std::nullopt;
}

std::string user_table(const Summary& summary) {
  struct Row {
    const char* id;
    const char* title;
  };
  constexpr Row kRows[] = {
      {"ttft", "TTFT, ms"}, {"tpot", "TPOT, ms"},           {"itl", "ITL, ms"},
      {"e2e", "E2E, ms"},   {"queue_engine", "queued, ms"}, {"tps_user", "TPS/user"}};
  TextTable table({"what users see", "mean", "p50", "p90", "p95", "p99", "max"});
  for (const Row& row : kRows) {
    const DistributionMetric* metric = find(summary, row.id);
    if (metric == nullptr) continue;
    table.add({row.title, cell(metric->mean), cell(at(*metric, 50)), cell(at(*metric, 90)),
               cell(at(*metric, 95)), cell(at(*metric, 99)), cell(metric->max)});
  }
  const DistributionMetric* speed = find(summary, "tps_user");
  std::string slow;
  if (speed != nullptr && speed->count > 0) {
    slow = "TPS/user: the slow users are the low percentiles: p10 " + cell(at(*speed, 10)) +
           ", p5 " + cell(at(*speed, 5)) + ", p1 " + cell(at(*speed, 1)) + "\n";
  }
  return table.str() + slow + "Percentiles: " + summary.percentile_method +
         "; - where samples are too few for it.\n";
}

std::string rate(const Window& window, std::string_view id) {
  for (const ScalarMetric& metric : window.rates) {
    if (metric.id == id) return cell(metric.value);
  }
  return "-";
}

std::string throughput_table(const Summary& summary) {
  TextTable table({"what the GPUs deliver", "seconds", "requests/s", "in tok/s", "out tok/s",
                   "out tok/s/GPU", "in+out tok/s/GPU", "open requests"});
  for (const Window& window : summary.windows) {
    const bool headline = window.name == summary.headline_window;
    table.add(
        {window.name + " window" + (headline ? " *" : "") + (window.found ? "" : ", not found"),
         rate(window, "duration"), rate(window, "request_throughput"),
         rate(window, "input_throughput"), rate(window, "output_throughput"),
         rate(window, "output_tps_gpu"), rate(window, "total_tps_gpu"),
         rate(window, "concurrency_mean")});
  }
  return table.str() +
         "* headline. full: ramp-up and drain included; steady: concurrency near its target;\n"
         "active: without idle time. tokens/s/GPU divide by all GPUs of the deployment.\n";
}

std::string goodput_line(const Summary& summary) {
  if (summary.slo.empty()) return "";
  const auto value = [&](std::string_view id) -> std::optional<double> {
    for (const ScalarMetric& metric : summary.scalars) {
      if (metric.id == id) return metric.value;
    }
    return std::nullopt;
  };
  const auto share = value("slo_attainment");
  return "Goodput: " + cell(value("request_goodput")) + " requests/s and " +
         cell(value("token_goodput")) + " tokens/s meet the whole SLO" +
         (share ? ", " + percent(*share) + " of the requests that ended" : "") + ".\n";
}

}  // namespace

std::string replay_report(const ReplayOutcome& outcome) {
  const Summary& summary = outcome.summary;
  std::string closing;
  if (outcome.executed) {
    for (const std::string& line : outcome.executed->closing) closing += line + "\n";
  }
  return verdict(outcome) + "\n" + what_was_run(outcome) + "\n" + slo_table(summary) +
         user_table(summary) + latency_parts_report(summary) + "\n" + throughput_table(summary) +
         goodput_line(summary) + "\n" + replay_activity(outcome.replicas) +
         fleet_line(outcome.fleet) + closing;
}

nlohmann::ordered_json scheduler_json(const ReplayOutcome& outcome) {
  nlohmann::ordered_json out = {{"name", outcome.serving.scheduler},
                                {"step_tokens", outcome.limits.step_tokens.count()},
                                {"max_batch", outcome.limits.max_batch},
                                {"block_tokens", outcome.limits.block_tokens.count()},
                                {"kv_blocks", outcome.limits.kv_blocks},
                                {"kv_memory", kv_json(outcome.limits.kv)},
                                {"watermark", outcome.limits.watermark},
                                {"steps_in_flight", outcome.limits.steps_in_flight},
                                {"attention_ranks", outcome.limits.attention_ranks},
                                {"router", outcome.serving.router}};
  out.update(policy_json(outcome.serving));
  if (outcome.serving.cut) out["cut_ns"] = outcome.serving.cut->time_since_epoch().count();
  return out;
}

}  // namespace inferbench

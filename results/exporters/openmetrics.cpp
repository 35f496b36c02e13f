#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/exporters/openmetrics_text.hpp"
#include "results/exporters/series_exports.hpp"
#include "results/exporters/serving_setup.hpp"

namespace inferbench {
namespace {

constexpr double kPerGiga = 1e9;
constexpr double kSecondsPerNs = 1e-9;

// What every sample carries: few values over the life of a server, so no commit and no time.
MetricLabels run_labels(const RunResult& result) {
  const ServingSetup setup = serving_setup(result);
  return {{"method", std::string(name(result.method))},
          {"model", setup.model.value_or("")},
          {"gpu", setup.gpu.value_or("")},
          {"deployment", setup.parallel},
          {"workload", setup.workload}};
}

MetricLabels with(MetricLabels labels, const MetricLabels& more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

// "0.999" of 99.9, which divided by 100 is 0.9990000000000001
std::string share_text(double percentile) {
  constexpr double kDigits = 1e6;
  return nlohmann::json(std::round(percentile * kDigits) / (100 * kDigits)).dump();
}

class OpenMetricsExport {
 public:
  explicit OpenMetricsExport(const RunResult& result)
      : result_(result), labels_(run_labels(result)) {}

  std::string str() {
    add_run();
    if (result_.summary) add_summary(*result_.summary);
    for (const KernelRow& row : result_.rows) add_row(row);
    return text_.str();
  }

 private:
  void gauge(const std::string& id, const std::string& unit, const std::string& help,
             const MetricLabels& labels, double value) {
    const BaseUnit base = base_unit(unit);
    const std::string name = metric_name(id, base.name);
    text_.family(name, "gauge", base.name, help);
    text_.add(name, "", labels, value * base.factor);
  }

  void add_run() {
    const Provenance& provenance = result_.provenance;
    gauge("run_info", "", "What wrote the result.",
          with(labels_, {{"kind", std::string(name(result_.kind))},
                         {"version", provenance.build.version},
                         {"build_type", provenance.build.build_type}}),
          1);
    gauge("run_valid", "", "1: the run counts; 0: something stands against it.", labels_,
          result_.validity.valid ? 1 : 0);
  }

  void add_summary(const Summary& summary) {
    for (const DistributionMetric& metric : summary.distributions) add_distribution(metric);
    for (const ScalarMetric& metric : summary.scalars) add_scalar(metric, labels_);
    for (const Window& window : summary.windows) {
      if (!window.found) continue;
      for (const ScalarMetric& rate : window.rates) {
        add_scalar(rate, with(labels_, {{"window", window.name}}));
      }
    }
    const OutcomeCounts& outcomes = summary.outcomes;
    add_outcome("completed", outcomes.completed);
    add_outcome("rejected", outcomes.rejected);
    add_outcome("cancelled", outcomes.cancelled);
    add_outcome("failed", outcomes.failed);
    add_outcome("unfinished", outcomes.unfinished);
    for (const SloOutcome& slo : summary.slo) {
      gauge("slo_met", "", "1: the constraint holds.",
            with(labels_, {{"constraint", slo.constraint}}), slo.met ? 1 : 0);
    }
  }

  void add_outcome(const char* outcome, std::uint64_t requests) {
    gauge("outcome", "requests", "Requests by what became of them.",
          with(labels_, {{"outcome", outcome}}), static_cast<double>(requests));
  }

  void add_scalar(const ScalarMetric& metric, const MetricLabels& labels) {
    if (metric.value) gauge(metric.id, metric.unit, metric.definition, labels, *metric.value);
  }

  // Percentiles that are absent are no samples, not zeros.
  void add_distribution(const DistributionMetric& metric) {
    const BaseUnit base = base_unit(metric.unit);
    const std::string name = metric_name(metric.id, base.name);
    text_.family(name, "summary", base.name, metric.definition);
    for (const Quantile& quantile : metric.quantiles) {
      if (!quantile.value) continue;
      const std::string share = share_text(quantile.percentile);
      text_.add(name, "", with(labels_, {{"quantile", share}}), *quantile.value * base.factor);
    }
    const auto count = static_cast<double>(metric.count);
    if (metric.mean) text_.add(name, "_sum", labels_, *metric.mean * count * base.factor);
    text_.add(name, "_count", labels_, count);
  }

  void add_row(const KernelRow& row) {
    const MetricLabels labels = {{"method", std::string(name(result_.method))},
                                 {"series", row_id(row)},
                                 {"op", row.op},
                                 {"implementation", row.implementation},
                                 {"provider", row.provider}};
    gauge("kernel_failed", "", "1: the kernel's results were wrong, so it was not timed.", labels,
          row.status == RowStatus::failed ? 1 : 0);
    if (!row.timing) return;
    const RowTiming& timing = *row.timing;
    const auto time = [&](const char* id, const char* help, double ns) {
      gauge(id, "s", help, labels, ns * kSecondsPerNs);
    };
    time("kernel", "Median time of one run.", timing.median_ns);
    time("kernel_low", "Lower end of the median's interval.", timing.low_ns);
    time("kernel_high", "Upper end of the median's interval.", timing.high_ns);
    const auto rate = [&](const char* id, const char* unit, const char* help,
                          std::optional<double> giga) {
      if (giga) gauge(id, unit, help, labels, *giga * kPerGiga);
    };
    rate("kernel", "flop/s", "Operations over the median time.", row.gflop_per_s());
    rate("kernel", "bytes/s", "Bytes moved over the median time.", row.gb_per_s());
    if (row.roof) {
      gauge("kernel_roof_share_ratio", "", "Share of the roof that binds.", labels,
            row.roof->share);
    }
  }

  const RunResult& result_;
  MetricLabels labels_;
  OpenMetricsText text_;
};

}  // namespace

Export export_openmetrics(const RunResult& result) {
  if (result.kind != RunKind::replay && result.kind != RunKind::kernels) {
    throw Error("export", "is a result of kind \"" + std::string(name(result.kind)) + "\"",
                "replays and kernels have series", "export a replay of each configuration");
  }
  return {.text = OpenMetricsExport(result).str(),
          .notes = {"min, max and spread of distributions and what SLOs attained are left out"}};
}

}  // namespace inferbench

#include "results/exporters/series_exports.hpp"

#include <cctype>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/exporters/gbench.hpp"
#include "results/exporters/serving_setup.hpp"
#include "results/importers/stored_run.hpp"
#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

StoredRun series_of(const RunResult& result) {
  return parse_stored_run(to_json_text(result), "export");
}

// "output_tps_gpu (full window)" -> "output_tps_gpu_full_window"
std::string slug(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '_' || c == '.' || c == '-') {
      out += static_cast<char>(std::tolower(byte));
    } else if (c == ' ' && !out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out;
}

std::string said_of(const RunResult& result, Better better) {
  std::string text = better == Better::lower ? "better: lower" : "better: higher";
  text += "\nmethod: " + std::string(name(result.method));
  return text + "\ninferbench " + result.provenance.build.version;
}

ordered_json github_entry(const RunResult& result, const std::string& series,
                          const StoredMetric& metric) {
  const bool kernels = result.kind == RunKind::kernels;
  ordered_json entry = {{"name", kernels ? series : run_label(result) + " " + series},
                        {"unit", metric.unit.empty() ? "1" : metric.unit},
                        {"value", metric.value}};
  if (metric.interval) {
    entry["range"] = ordered_json(metric.interval->low).dump() + " .. " +
                     ordered_json(metric.interval->high).dump();
  }
  entry["extra"] = said_of(result, metric.better);
  return entry;
}

Export export_github_action(const RunResult& result, Better better) {
  const StoredRun run = series_of(result);
  ordered_json entries = ordered_json::array();
  std::size_t others = 0;
  for (const auto& [series, metric] : run.metrics) {
    if (metric.better == better) {
      entries.push_back(github_entry(result, series, metric));
    } else {
      ++others;
    }
  }
  const std::string word = better == Better::lower ? "lower" : "higher";
  if (entries.empty()) {
    throw Error("export", "has no series of which " + word + " is better", "",
                "write the array of the other direction");
  }
  Export out{.text = entries.dump(1) + "\n", .notes = {}};
  if (others > 0) {
    out.notes.push_back(std::to_string(others) + " series of which " + word +
                        " is not better are left out: the format has one direction per file");
  }
  return out;
}

ordered_json bencher_measure(const StoredMetric& metric) {
  ordered_json measure = {{"value", metric.value}};
  if (!metric.interval) return measure;
  measure["lower_value"] = metric.interval->low;
  measure["upper_value"] = metric.interval->high;
  return measure;
}

}  // namespace

std::string run_label(const RunResult& result) {
  const ServingSetup setup = serving_setup(result);
  std::string label(name(result.kind));
  const auto add = [&](const std::string& part) {
    if (!part.empty()) label += "/" + part;
  };
  add(setup.model.value_or(""));
  add(setup.gpu.value_or(""));
  add(setup.parallel);
  add(setup.workload);
  return label;
}

Export export_google_benchmark(const RunResult& result) {
  if (result.kind == RunKind::kernels) return {.text = export_gbench(result), .notes = {}};
  throw Error("export", "is a result of kind \"" + std::string(name(result.kind)) + "\"",
              "Google Benchmark's format holds times of code", "inferbench bench OP --json FILE");
}

Export export_github_action_smaller(const RunResult& result) {
  return export_github_action(result, Better::lower);
}

Export export_github_action_bigger(const RunResult& result) {
  return export_github_action(result, Better::higher);
}

Export export_bencher(const RunResult& result) {
  const StoredRun run = series_of(result);
  ordered_json json = ordered_json::object();
  std::size_t others = 0;
  for (const auto& [series, metric] : run.metrics) {
    if (metric.better == Better::neither) {
      ++others;
    } else if (result.kind == RunKind::kernels) {
      json[series]["latency"] = bencher_measure(metric);
    } else {
      json[run_label(result)][key_with_unit(slug(series), metric.unit)] = bencher_measure(metric);
    }
  }
  Export out{.text = json.dump(1) + "\n", .notes = {}};
  if (others > 0) {
    out.notes.push_back(std::to_string(others) +
                        " series without a better direction are left out: no threshold fits them");
  }
  return out;
}

}  // namespace inferbench

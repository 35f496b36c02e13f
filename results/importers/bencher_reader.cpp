#include <nlohmann/json.hpp>

#include "results/importers/figures.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

// {"value": ..., "lower_value"?: ..., "upper_value"?: ...} and nothing else
bool is_measure(const Json& measure) {
  if (!measure.is_object() || !measure.contains("value")) return false;
  for (const auto& [key, value] : measure.items()) {
    if (key != "value" && key != "lower_value" && key != "upper_value") return false;
  }
  return true;
}

bool is_bencher(const ForeignFile& file) {
  if (!file.json.is_object() || file.json.empty()) return false;
  const Json& first = *file.json.begin();
  return first.is_object() && !first.empty() && is_measure(*first.begin());
}

std::string unit_of_measure(const std::string& measure) {
  if (measure == "latency") return "ns";
  return measure == "throughput" ? "operations/s" : unit_of_key(measure);
}

void add_measure(StoredRun& run, const std::string& name, const std::string& measure,
                 const Json& json) {
  const std::string unit = unit_of_measure(measure);
  const auto better = better_of_unit(unit);
  add_figure(run, name, unit, better.value_or(Better::neither),
             better ? number_in(json["value"]) : std::nullopt,
             better ? "its value is no number" : "the measure's name tells no unit");
  const auto low = json.contains("lower_value") ? number_in(json["lower_value"]) : std::nullopt;
  const auto high = json.contains("upper_value") ? number_in(json["upper_value"]) : std::nullopt;
  const auto metric = run.metrics.find(name);
  if (metric != run.metrics.end() && low && high) {
    metric->second.interval = Interval{*low, *high, 0};  // the format has no confidence
  }
}

StoredRun read_bencher(const ForeignFile& file) {
  StoredRun run;
  run.place = file.place;
  for (const auto& [benchmark, measures] : file.json.items()) {
    if (!measures.is_object()) continue;
    for (const auto& [measure, json] : measures.items()) {
      std::string name = benchmark;
      name.append(" ").append(measure);
      if (is_measure(json)) {
        add_measure(run, name, measure, json);
      } else {
        run.absent[name] = "is no measure: value, lower_value, upper_value";
      }
    }
  }
  return run;
}

}  // namespace

const FileReader kBencherReader = {"Bencher Metric Format", is_bencher, read_bencher};

}  // namespace inferbench

#include <nlohmann/json.hpp>
#include <set>

#include "results/importers/figures.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

bool is_metric(const Json& value) {
  return value.is_object() && value.contains("unit") && value["unit"].is_string() &&
         value.contains("avg");
}

bool is_aiperf(const ForeignFile& file) {
  const Json& json = file.json;
  if (!json.is_object()) return false;
  if (json.contains("aiperf_version")) return true;
  return json.contains("input_config") && json.contains("request_latency") &&
         is_metric(json["request_latency"]);
}

// Instants, and lengths of the run: longer or later is neither better nor worse.
bool has_no_direction(const std::string& tag) {
  static const std::set<std::string> tags = {"benchmark_duration", "min_request_timestamp",
                                             "max_response_timestamp"};
  return tags.contains(tag);
}

Better direction_of(const std::string& tag, const std::string& unit) {
  if (has_no_direction(tag)) return Better::neither;
  if (tag == "goodput" || tag == "good_request_fraction") return Better::higher;
  return better_of_unit(unit).value_or(Better::neither);
}

// "p50", but not "std" or "count": those say nothing of speed.
bool is_place_in_distribution(const std::string& statistic) {
  return statistic == "avg" || statistic == "min" || statistic == "max" ||
         (statistic.size() > 1 && statistic[0] == 'p' && statistic[1] >= '0' &&
          statistic[1] <= '9');
}

void add_metric(StoredRun& run, const std::string& tag, const Json& metric) {
  const std::string unit = metric["unit"];
  for (const auto& [statistic, value] : metric.items()) {
    if (!is_place_in_distribution(statistic)) continue;
    std::string name = tag;
    name.append(" ").append(statistic);
    add_figure(run, name, unit, direction_of(tag, unit), number_in(value),
               "AIPerf wrote no number");
  }
}

// What was asked of the server; where files went and which server it was is not.
void note_configuration(const Json& json, StoredRun& run) {
  const Json config = json.value("input_config", Json::object());
  if (config.is_object()) {
    note_members(config.value("endpoint", Json::object()), {"model_names", "type", "streaming"},
                 "endpoint/", run.configuration);
    const Json load = config.value("loadgen", Json::object());
    note_members(load,
                 {"concurrency", "request_rate", "request_rate_mode", "request_count",
                  "benchmark_duration", "warmup_request_count"},
                 "loadgen/", run.configuration);
    const Json input = config.value("input", Json::object());
    note_members(input, {"random_seed", "custom_dataset_type"}, "input/", run.configuration);
    if (input.is_object() && input.contains("prompt")) {
      note_members(input, {"prompt"}, "input/", run.configuration);
    }
  }
  note_members(json, {"was_cancelled"}, "", run.configuration);
}

StoredRun read_aiperf(const ForeignFile& file) {
  StoredRun run;
  run.place = file.place;
  run.exact = member_text(file.json, "inferbench_method") == "modelled";
  for (const auto& [tag, value] : file.json.items()) {
    if (is_metric(value)) add_metric(run, tag, value);
  }
  note_configuration(file.json, run);
  note_members(file.json, {"aiperf_version", "schema_version"}, "tool/", run.environment);
  return run;
}

}  // namespace

const FileReader kAiperfReader = {"AIPerf", is_aiperf, read_aiperf};

}  // namespace inferbench

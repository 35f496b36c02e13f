#include "results/importers/stored_run.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/importers/readers.hpp"
#include "results/json_numbers.hpp"
#include "results/run_result.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kComparable =
    "a replay or kernels of inferbench, or a file of Google Benchmark, NVBench, vLLM, AIPerf, "
    "InferenceX, github-action-benchmark, Bencher or OpenMetrics";

Better better_of(const Json& json) {
  const std::string text = json.value("better", "neither");
  if (text == "lower") return Better::lower;
  return text == "higher" ? Better::higher : Better::neither;
}

void add_metric(StoredRun& run, const std::string& name, const Json& json, const char* key) {
  const auto value = json.find(key);
  if (value == json.end() || !value->is_number()) {
    const Json reasons = json.value("absent", Json::object());
    run.absent[name] = reasons.value(key, "not told");
    return;
  }
  run.metrics[name] = {
      .unit = json.value("unit", ""), .better = better_of(json), .value = value->get<double>()};
}

void add_distribution(StoredRun& run, const Json& json) {
  const std::string id = json.at("id");
  add_metric(run, id + " mean", json, "mean");
  for (const auto& [percentile, value] : json.at("percentiles").items()) {
    if (percentile == "absent") continue;
    std::string name = id;
    name.append(" ").append(percentile);
    run.metrics[name] = {
        .unit = json.value("unit", ""), .better = better_of(json), .value = value.get<double>()};
  }
}

// Every distribution, scalar and rate of a replay.
void add_summary(StoredRun& run, const Json& summary) {
  for (const auto& [key, json] : summary.at("distributions").items()) add_distribution(run, json);
  for (const auto& [key, json] : summary.at("scalars").items()) {
    add_metric(run, json.at("id"), json, "value");
  }
  for (const Json& window : summary.at("windows")) {
    if (!window.value("found", false)) continue;
    const std::string name = window.at("name");
    for (const auto& [key, json] : window.at("rates").items()) {
      add_metric(run, json.at("id").get<std::string>() + " (" + name + " window)", json, "value");
    }
  }
}

void add_rows(StoredRun& run, const std::vector<KernelRow>& rows) {
  for (const KernelRow& row : rows) {
    const std::string name = row_id(row);
    if (!row.timing) {
      run.absent[name] = row.reason;
      continue;
    }
    const RowTiming& timing = *row.timing;
    run.metrics[name] = {.unit = "ns",
                         .better = Better::lower,
                         .value = timing.median_ns,
                         .interval = Interval{timing.low_ns, timing.high_ns, timing.confidence}};
  }
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Leaves of a JSON object by their pointers, those below `prefix`.
std::map<std::string, std::string> leaves(const Json& json, const std::string& prefix) {
  std::map<std::string, std::string> flat;
  const Json pointers = json.flatten();
  for (const auto& [pointer, value] : pointers.items()) {
    flat[prefix + pointer.substr(pointer.empty() ? 0 : 1)] = text_of(value);
  }
  return flat;
}

// What was asked for does not matter of kernels, as rows carry their own names; clocks do.
std::map<std::string, std::string> kernel_configuration(const Json& json) {
  std::map<std::string, std::string> some;
  for (const char* key : {"clock", "cache", "fill"}) {
    if (json.contains(key)) some[key] = text_of(json[key]);
  }
  return some;
}

StoredRun from_run_result(const std::string& text, const std::string& place) {
  const RunResult result = parse_run_result(text, place);
  Json json = Json::parse(text);
  write_whole_numbers_as_integers(json);  // 1 and 1.0 are one configuration
  StoredRun run;
  run.place = place;
  run.format = "inferbench " + std::string(name(result.kind));
  run.exact = result.method == Method::modelled;
  if (result.kind == RunKind::replay) {
    add_summary(run, json.at("summary"));
    run.configuration = leaves(json.at("configuration"), "");
    std::erase_if(run.configuration,
                  [](const auto& entry) { return entry.first.starts_with("workload/notes"); });
  } else if (result.kind == RunKind::kernels) {
    add_rows(run, result.rows);
    run.configuration = kernel_configuration(json.at("configuration"));
  } else {
    throw Error(place, "is a result of kind " + std::string(name(result.kind)), kComparable,
                "compare a replay of each configuration instead");
  }
  const Json& provenance = json.at("provenance");
  for (const char* block : {"build", "host"}) {
    if (!provenance.contains(block) || !provenance[block].is_object()) continue;
    run.environment.merge(leaves(provenance[block], std::string(block) + "/"));
  }
  return run;
}

std::string first_reason(const StoredRun& run) {
  if (run.absent.empty()) return "it is empty";
  return run.absent.begin()->first + ": " + run.absent.begin()->second;
}

}  // namespace

std::string without_bare_infinities(const std::string& text) {
  static constexpr std::string_view kBare[] = {"-Infinity", "Infinity", "-infinity", "infinity",
                                               "-NaN",      "NaN",      "-nan",      "nan",
                                               "-inf",      "inf",      "-Inf",      "Inf"};
  std::string out;
  out.reserve(text.size());
  bool quoted = false;
  for (std::size_t i = 0; i < text.size();) {
    if (quoted && text[i] == '\\' && i + 1 < text.size()) {
      out.append(text, i, 2);
      i += 2;
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    std::size_t bare = 0;
    for (const std::string_view word : kBare) {
      if (!quoted && text.compare(i, word.size(), word) == 0) {
        bare = word.size();
        break;
      }
    }
    if (bare > 0) {
      out += "null";
      i += bare;
    } else {
      out += text[i++];
    }
  }
  return out;
}

namespace {

StoredRun from_other_tool(const std::string& text, const Json& json, const std::string& place) {
  const ForeignFile file{place, text, json};
  for (const FileReader& reader : file_readers()) {
    if (!reader.recognises(file)) continue;
    StoredRun run = reader.read(file);
    run.format = reader.format;
    return run;
  }
  throw Error(place, json.is_discarded() ? "is not JSON" : "is no result that is known here",
              kComparable, "inferbench bench ... --json FILE writes one");
}

}  // namespace

StoredRun parse_stored_run(const std::string& text, const std::string& place) {
  const Json json = Json::parse(without_bare_infinities(text), nullptr, false);
  const bool ours = json.is_object() && json.contains("schema");
  StoredRun run = ours ? from_run_result(text, place) : from_other_tool(text, json, place);
  if (!run.metrics.empty()) return run;
  throw Error(place, "has no number to compare", "at least one measured or modelled value",
              ours ? "look at its reasons: inferbench validate-result " + place
                   : "the first reason: " + first_reason(run));
}

StoredRun read_stored_run(const std::string& path) {
  return parse_stored_run(read_file(path), path);
}

}  // namespace inferbench

#include "results/store/run_document.hpp"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.hpp"
#include "results/importers/stored_run.hpp"
#include "results/run_result.hpp"
#include "results/sha256.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kHashDigits = 12;

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!json.contains(at)) return "";
  const Json& value = json.at(at);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::optional<double> number_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// Integers above 2^53 are strings in our files.
std::optional<double> counted_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return std::nullopt;
  if (!found->is_string()) return number_in(json, key);
  return std::stod(found->get<std::string>());
}

std::string short_hash(const std::string& text) {
  return sha256_hex(text).substr(0, kHashDigits);
}

// "TP4EP2" of {"tp": 4, "ep": 2, "pp": 1}
std::string parallel_text(const Json& deployment) {
  std::string text;
  for (const char* key : {"tp", "cp", "ep", "pp", "dp"}) {
    const int degree = deployment.value(Json::json_pointer(std::string("/parallel/") + key), 1);
    if (degree == 1) continue;
    for (const char* c = key; *c != '\0'; ++c) text += static_cast<char>(*c - 'a' + 'A');
    text += std::to_string(degree);
  }
  return text;
}

// "AMD EPYC 7763, 2 CPUs"; empty where the file does not tell.
std::string hardware_text(const Json& host) {
  const std::string cpu = text_at(host, "/cpu");
  const std::string cpus = text_at(host, "/allowed_cpus");
  if (cpu.empty() && cpus.empty()) return "";
  const std::string model = cpu.empty() ? text_at(host, "/architecture") : cpu;
  return (model.empty() ? "unknown CPU" : model) + ", " + (cpus.empty() ? "?" : cpus) + " CPUs";
}

void add_series(RunEntry& entry, HistorySeries series, HistoryPoint point) {
  entry.points.push_back({std::move(series), std::move(point)});
}

// -- compare --json

void add_compared(RunEntry& entry, const Json& json, const std::string& configuration) {
  const auto change = number_in(json, "change"), value = number_in(json, "candidate_ns_median");
  if (!change || !value || *change <= -1) return;
  HistoryPoint point{
      .value = *value, .ratio = 1 + *change, .verdict = json.value("verdict", std::string())};
  if (const auto interval = json.find("change_interval"); interval != json.end()) {
    if (const auto low = number_in(*interval, "low")) point.ratio_low = 1 + *low;
    if (const auto high = number_in(*interval, "high")) point.ratio_high = 1 + *high;
  }
  add_series(entry,
             {.suite = entry.run.suite,
              .name = json.at("name"),
              .unit = "ns",
              .configuration = configuration},
             point);
}

void add_counted(RunEntry& entry, const Json& json, const std::string& configuration) {
  const auto before = counted_in(json, "baseline"), after = counted_in(json, "candidate");
  if (!after) return;
  HistoryPoint point{.value = *after, .verdict = json.value("verdict", std::string())};
  if (before && *before > 0 && *after > 0) point.ratio = *after / *before;
  const std::string name = json.at("name");
  add_series(entry,
             {.suite = entry.run.suite,
              .name = name,
              .unit = name.ends_with("_ns") ? "ns" : "",
              .configuration = configuration,
              .exact = true},
             point);
}

std::string anchor_of(const Json& side) {
  const std::string commit = text_at(side, "/commit");
  if (!commit.empty()) return commit.substr(0, kHashDigits);
  const std::string code = text_at(side, "/code_sha256");
  return code.empty() ? "unknown" : "code " + code.substr(0, kHashDigits);
}

void read_comparison(const Json& json, RunEntry& entry) {
  entry.run.kind = "comparison";
  entry.run.method = "measured-host";
  if (entry.run.suite.empty()) entry.run.suite = json.at("suite");
  if (entry.run.commit.empty()) entry.run.commit = text_at(json, "/candidate/commit");
  entry.run.anchor = anchor_of(json.at("baseline"));
  if (json.contains("host") && entry.run.hardware.empty()) {
    entry.run.hardware = hardware_text(json.at("host"));
  }
  if (entry.run.time_utc.empty()) entry.run.time_utc = text_at(json, "/started_utc");
  if (!json.at("invalid").empty()) entry.run.invalid = json.at("invalid").front();
  const std::string clock = short_hash(text_at(json, "/method/clock"));
  for (const Json& series : json.at("series")) add_compared(entry, series, clock);
  for (const Json& exact : json.at("exact")) add_counted(entry, exact, clock);
}

// -- results of ours, and of Google Benchmark

void add_stored_metrics(const StoredRun& stored, RunEntry& entry, const std::string& method) {
  Json configuration = {{"method", method}};
  for (const auto& [key, value] : stored.configuration) configuration[key] = value;
  const std::string hash = short_hash(configuration.dump());
  for (const auto& [name, metric] : stored.metrics) {
    if (metric.better == Better::neither || !std::isfinite(metric.value)) continue;
    HistoryPoint point{.value = metric.value};
    if (metric.interval) point.low = metric.interval->low, point.high = metric.interval->high;
    add_series(entry,
               {.suite = entry.run.suite,
                .name = name,
                .unit = metric.unit,
                .better = metric.better,
                .configuration = hash,
                .exact = stored.exact},
               point);
  }
}

// Each configuration's best; of find-max the load it found.
void add_sweep(const Json& json, RunEntry& entry) {
  const bool exact = entry.run.method == name(Method::modelled);
  const std::string hash = short_hash(entry.run.method + json.at("configuration").dump());
  std::map<std::string, double> best;
  for (const Json& point : json.at("points")) {
    const auto rate = number_in(point, "tokens_per_s_gpu");
    if (!rate || !point.value("fits", false)) continue;
    double& highest = best[point.at("parallel")];
    highest = std::max(highest, *rate);
  }
  const auto add = [&](const std::string& name, const std::string& unit, double value) {
    add_series(entry,
               {.suite = entry.run.suite,
                .name = name,
                .unit = unit,
                .better = Better::higher,
                .configuration = hash,
                .exact = exact},
               {.value = value});
  };
  for (const auto& [parallel, rate] : best) add(parallel + " best", "tokens/s/GPU", rate);
  const Json findings = json.value("findings", Json::object());
  if (const auto load = number_in(findings, "load")) add("highest load", "", *load);
}

// "replay llama-3-70b h100 TP4 chat-burst"
std::string suite_of(const Json& json, const std::string& kind) {
  if (kind == "kernels") return kind;
  std::string text = kind;
  for (const char* pointer : {"/configuration/deployment/model", "/configuration/model",
                              "/configuration/deployment/gpu", "/configuration/gpu"}) {
    const Json::json_pointer at(pointer);
    if (json.contains(at) && json.at(at).is_string())
      text.append(" ").append(text_at(json, pointer));
  }
  const Json deployment = json.value(Json::json_pointer("/configuration/deployment"), Json());
  if (deployment.is_object()) text += " " + parallel_text(deployment);
  const std::string workload = text_at(json, "/configuration/workload/name");
  return workload.empty() ? text : text + " " + workload;
}

std::string device_of(const std::vector<KernelRow>& rows) {
  for (const KernelRow& row : rows) {
    if (row.device) return row.device->name;
  }
  return "";
}

void read_result(const Json& json, const std::string& text, RunEntry& entry) {
  const RunResult result = parse_run_result(text, entry.run.file);
  HistoryRun& run = entry.run;
  run.kind = name(result.kind);
  run.method = name(result.method);
  if (run.suite.empty()) run.suite = suite_of(json, run.kind);
  if (run.commit.empty()) run.commit = result.provenance.build.git_commit;
  if (run.time_utc.empty()) run.time_utc = result.provenance.started_utc;
  if (run.hardware.empty() && result.method != Method::modelled) {
    const std::string device = device_of(result.rows);
    run.hardware =
        device.empty()
            ? hardware_text(json.value(Json::json_pointer("/provenance/host"), Json::object()))
            : device;
  }
  for (const ValidityReason& reason : result.validity.reasons) {
    if (reason.invalidates && run.invalid.empty()) run.invalid = reason.text;
  }
  if (result.kind == RunKind::sweep) return add_sweep(json, entry);
  add_stored_metrics(parse_stored_run(text, run.file), entry, run.method);
}

void read_google_benchmark(const Json& json, const std::string& text, RunEntry& entry) {
  HistoryRun& run = entry.run;
  run.kind = "google-benchmark";
  run.method = "measured-host";
  if (run.suite.empty()) run.suite = run.kind;
  if (run.time_utc.empty()) run.time_utc = text_at(json, "/context/date");
  if (run.hardware.empty()) {
    run.hardware = text_at(json, "/context/num_cpus") + " CPUs of " +
                   text_at(json, "/context/mhz_per_cpu") + " MHz";
  }
  add_stored_metrics(parse_stored_run(text, run.file), entry, run.method);
}

std::string schema_of(const Json& json) {
  const std::string id = text_at(json, "/schema/id");
  return id.empty() ? text_at(json, "/schema") : id;
}

void read_known(const Json& json, const std::string& text, RunEntry& entry) {
  const std::string schema = schema_of(json), version = text_at(json, "/version");
  if (schema == "inferbench.comparison" && !version.starts_with("1.")) {
    throw Error(entry.run.file, "is a comparison of version " + version,
                "this inferbench reads 1.x", "use a newer one");
  }
  if (schema == "inferbench.comparison") return read_comparison(json, entry);
  if (schema == kRunResultSchema) return read_result(json, text, entry);
  if (json.contains("benchmarks") && json.contains("context")) {
    return read_google_benchmark(json, text, entry);
  }
  throw Error(entry.run.file,
              schema.empty() ? "is no result that is known here"
                             : "is a document of \"" + schema + "\", which has no series",
              "what compare, bench, replay, sweep and find-max write with --json, or Google "
              "Benchmark's JSON",
              "inferbench compare --baseline A --candidate B --json FILE writes one");
}

// A name twice in a file would be two points of one series in one run.
void refuse_twice(const RunEntry& entry) {
  std::set<std::string> seen;
  for (const EntryPoint& point : entry.points) {
    if (seen.insert(series_key(point.series)).second) continue;
    throw Error(entry.run.file, "has \"" + point.series.name + "\" twice",
                "a series has one number in a run");
  }
}

}  // namespace

RunEntry read_run_document(const std::string& text, const std::string& name,
                           const RunLabels& labels) {
  const Json json = Json::parse(without_bare_infinities(text), nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    throw Error(name, "is not a JSON object, or was cut short", "a whole result file",
                "write it again");
  }
  RunEntry entry{.run = {.id = "",
                         .time_utc = labels.time_utc,
                         .suite = labels.suite,
                         .kind = "",
                         .method = "",
                         .commit = labels.commit,
                         .anchor = "",
                         .hardware = labels.hardware,
                         .file = name,
                         .invalid = ""},
                 .points = {},
                 .document_sha256 = sha256_hex(text)};
  try {
    read_known(json, text, entry);
  } catch (const Json::exception& error) {
    throw Error(name, std::string("is damaged: ") + error.what(), "a whole result file",
                "write it again");
  }
  if (entry.points.empty() && entry.run.invalid.empty()) {
    throw Error(name, "has no number to follow", "at least one measured or modelled value");
  }
  if (entry.run.time_utc.empty()) {
    throw Error(name, "does not say when it was made", "a run has a time",
                "give it: --time 2026-11-21T02:00:00Z");
  }
  entry.run.time_utc = parse_utc(entry.run.time_utc, labels.time_utc.empty() ? name : "--time");
  refuse_twice(entry);
  entry.run.id = entry_id(entry);
  return entry;
}

}  // namespace inferbench

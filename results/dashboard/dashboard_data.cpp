#include "results/dashboard/dashboard_data.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.hpp"
#include "results/dashboard/run_tables.hpp"
#include "results/request_records.hpp"
#include "results/run_result.hpp"
#include "results/store/history_cache.hpp"
#include "results/store/history_report.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

// Held in memory as a whole, several times its length; records and timelines are not.
constexpr std::uintmax_t kLargestResult = 512U << 20;
constexpr std::uintmax_t kLargestTimeline = std::uintmax_t{2} << 30;
// Of arrays in answers, which people read rather than plot.
constexpr std::size_t kLongestArray = 1000;

// Answers of other verbs, shown as they are.
constexpr std::array<std::string_view, 11> kAnswers = {
    "claims",   "selftest",   "machine",           "explain",          "plan",   "advice",
    "op-table", "comparison", "stored-comparison", "gate-calibration", "history"};

std::string name_of(const std::string& path) {
  return fs::path(path).filename().string();
}

std::string head_of(const std::string& path) {
  std::string head(256, '\0');
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return read_file(path);  // says why it cannot be read
  head.resize(std::fread(head.data(), 1, head.size(), file));
  std::fclose(file);
  return head;
}

void refuse_longer_than(const std::string& path, std::uintmax_t most, const std::string& way_out) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  if (error || bytes <= most) return;
  throw Error(path, "has " + std::to_string(bytes >> 20) + " MiB",
              "at most " + std::to_string(most >> 20) + " MiB are read", way_out);
}

// "inferbench.claims/1", or {"id": "inferbench.run-result", ...}: what stands before the slash.
std::string schema_id(const ordered_json& document) {
  if (!document.is_object() || !document.contains("schema")) return "";
  const ordered_json& schema = document.at("schema");
  std::string id;
  if (schema.is_string()) id = schema.get<std::string>();
  if (schema.is_object() && schema.contains("id") && schema.at("id").is_string()) {
    id = schema.at("id").get<std::string>();
  }
  return id.substr(0, id.find('/'));
}

std::string text_at(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The records that a result names are beside it, or the reason why they are not shown.
void add_records(const RunResult& result, const std::string& path, ordered_json& tables,
                 std::vector<std::string>& notes) {
  if (!result.records || result.provenance.records_file.empty()) return;
  const std::string& file = result.provenance.records_file;
  const std::string beside = (fs::path(path).parent_path() / name_of(file)).string();
  if (!fs::exists(beside)) {
    notes.push_back("its request records, " + file + ", are not beside it");
    return;
  }
  if (sha256_of_file(beside) != result.records->sha256) {
    notes.push_back(file + " holds the records of another run: its SHA-256 differs");
    return;
  }
  tables.update(record_tables(beside));
  const ordered_json& requests = tables.at("requests");
  if (requests.at("rows") != requests.at("of")) {
    notes.push_back("of " + requests.at("of").dump() + " requests " + requests.at("rows").dump() +
                    " are listed one by one; distributions are of all");
  }
}

DashboardRun result_run(const std::string& path, const std::string& text, ordered_json document) {
  const RunResult result = parse_run_result(text, path);  // refuses what is damaged
  DashboardRun run{.file = name_of(path),
                   .kind = std::string(name(result.kind)),
                   .method = std::string(name(result.method)),
                   .document = {},
                   .tables = {},
                   .notes = {}};
  ordered_json tables = ordered_json::object();
  if (document.contains("points")) tables["points"] = points_table(document.at("points"));
  if (document.contains("rows")) tables["kernel_rows"] = kernel_rows_table(document.at("rows"));
  document.erase("points");
  document.erase("rows");
  add_records(result, path, tables, run.notes);
  run.document = std::move(document);
  run.tables = std::move(tables);
  return run;
}

void cut_long_arrays(ordered_json& value, const std::string& pointer,
                     std::vector<std::string>& notes) {
  if (value.is_array() && value.size() > kLongestArray) {
    notes.push_back("of " + pointer + " the first " + std::to_string(kLongestArray) + " of " +
                    std::to_string(value.size()) + " are shown");
    value.erase(value.begin() + static_cast<std::ptrdiff_t>(kLongestArray), value.end());
  }
  if (value.is_object()) {
    for (auto& [key, inner] : value.items()) {
      std::string below = pointer;
      cut_long_arrays(inner, below.append("/").append(key), notes);
    }
  } else if (value.is_array()) {
    std::size_t at = 0;
    for (ordered_json& inner : value) {
      cut_long_arrays(inner, pointer + "/" + std::to_string(at++), notes);
    }
  }
}

DashboardRun answer_run(const std::string& path, const std::string& kind, ordered_json document) {
  DashboardRun run{.file = name_of(path),
                   .kind = kind,
                   .method = text_at(document, "method"),
                   .document = {},
                   .tables = ordered_json::object(),
                   .notes = {}};
  if (kind != "history") cut_long_arrays(document, "", run.notes);  // points by run, all of them
  run.document = std::move(document);
  return run;
}

// A store as `inferbench history export --json` writes it.
DashboardRun history_run(const std::string& folder) {
  HistoryStore store(folder);
  HistoryCache cache(store);
  const History history = cache.load();
  DashboardRun run{.file = fs::weakly_canonical(folder).filename().string(),
                   .kind = "history",
                   .method = "",
                   .document = {},
                   .tables = ordered_json::object(),
                   .notes = store.repairs()};
  run.document = history_json(history, screen_history(history), {.store = run.file});
  return run;
}

DashboardRun timeline_run(const std::string& path) {
  refuse_longer_than(path, kLargestTimeline, "show fewer steps with `--timeline-steps N`");
  DashboardRun run{.file = name_of(path),
                   .kind = "timeline",
                   .method = "",
                   .document = ordered_json::object(),
                   .tables = {},
                   .notes = {}};
  const ordered_json tables = timeline_tables(path);
  const ordered_json& kernels = tables.at("kernels");
  if (kernels.at("rows") != kernels.at("of")) {
    run.notes.push_back("of " + kernels.at("of").dump() + " kernels the first " +
                        kernels.at("rows").dump() + " are shown one by one; sums are of all");
  }
  run.tables = tables;
  return run;
}

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
  throw Error(path, problem,
              "expected a result of replay, sweep, find-max or bench, a timeline, or "
              "what compare, claims, selftest, explain, plan, advise or calibrate write as JSON",
              "`inferbench replay ... --json FILE` writes one");
}

// The records of a replay are shown with the replay.
std::set<std::string> records_of(const std::vector<DashboardRun>& runs) {
  std::set<std::string> names;
  for (const DashboardRun& run : runs) {
    const ordered_json& document = run.document.json();
    if (!document.contains("provenance")) continue;
    names.insert(text_at(document.at("provenance"), "records_file"));
  }
  return names;
}

std::vector<std::string> json_files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".json") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_records_file(const std::string& path) {
  return head_of(path).find(kRecordsSchema) != std::string::npos;
}

}  // namespace

DashboardRun read_dashboard_run(const std::string& path) {
  const std::string head = head_of(path);
  if (head.find("\"traceEvents\"") != std::string::npos) return timeline_run(path);
  refuse_longer_than(path, kLargestResult, "write a run with fewer points or samples");
  const std::string text = read_file(path);
  ordered_json document = ordered_json::parse(text, nullptr, false);
  const std::string id = schema_id(document);
  if (document.is_discarded() || id == kRunResultSchema) {
    return result_run(path, text, std::move(document));
  }
  for (const std::string_view kind : kAnswers) {
    if (id == "inferbench." + std::string(kind)) {
      return answer_run(path, std::string(kind), std::move(document));
    }
  }
  refuse(path, id.empty() ? "is no result of inferbench: it has no \"schema\""
                          : "is no result that the dashboard shows: its schema is \"" + id + "\"");
}

DashboardFiles read_dashboard_files(const std::vector<std::string>& paths) {
  DashboardFiles files;
  std::vector<std::string> records;
  for (const std::string& path : paths) {
    if (HistoryStore::is_store(path)) {
      files.runs.push_back(history_run(path));
      continue;
    }
    if (!fs::is_directory(path)) {
      if (fs::exists(path) && is_records_file(path)) {
        records.push_back(path);
      } else {
        files.runs.push_back(read_dashboard_run(path));
      }
      continue;
    }
    for (const std::string& file : json_files_in(path)) {
      try {
        files.runs.push_back(read_dashboard_run(file));
      } catch (const Error& error) {
        files.left_out.push_back({name_of(file), error.problem()});
      }
    }
  }
  const std::set<std::string> shown = records_of(files.runs);
  for (const std::string& path : records) {
    if (shown.count(name_of(path)) == 0) {
      throw Error(path, "holds request records without their run",
                  "records are shown with a result",
                  "name the result that `replay --json FILE --records " + name_of(path) +
                      "` wrote beside it");
    }
  }
  if (files.runs.empty()) {
    throw Error(paths.empty() ? "inferbench dashboard" : paths.front(), "holds no result to show",
                std::to_string(files.left_out.size()) + " JSON files there are none",
                "`inferbench replay ... --json FILE` writes one");
  }
  return files;
}

std::string dashboard_json(const DashboardFiles& files) {
  ordered_json runs = ordered_json::array(), left_out = ordered_json::array();
  for (const DashboardRun& run : files.runs) {
    ordered_json json = {
        {"id", "r" + std::to_string(runs.size())}, {"file", run.file}, {"kind", run.kind}};
    if (!run.method.empty()) json["method"] = run.method;
    json["document"] = run.document.json();
    json["tables"] = run.tables.json();
    json["notes"] = run.notes;
    runs.push_back(std::move(json));
  }
  for (const LeftOut& file : files.left_out) {
    left_out.push_back({{"file", file.file}, {"reason", file.reason}});
  }
  const ordered_json data = {{"schema", {{"id", kDashboardSchema}, {"version", kDashboardVersion}}},
                             {"runs", std::move(runs)},
                             {"left_out", std::move(left_out)}};
  return data.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace inferbench

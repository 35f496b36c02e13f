#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/importers/figures.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

struct NvbenchSummary {
  const char* tag;
  const char* name;
  const char* unit;
  Better better;
};

constexpr NvbenchSummary kSummaries[] = {
    {"nv/cold/time/gpu/mean", "cold GPU time", "s", Better::lower},
    {"nv/batch/time/gpu/mean", "batched GPU time", "s", Better::lower},
    {"nv/cold/time/cpu/mean", "cold CPU time", "s", Better::lower},
    {"nv/cold/bw/global/bytes_per_second", "bandwidth", "B/s", Better::higher},
    {"nv/cold/bw/item_rate", "item rate", "items/s", Better::higher}};

bool is_nvbench(const ForeignFile& file) {
  const Json& json = file.json;
  if (!json.is_object() || !json.contains("benchmarks") || !json["benchmarks"].is_array()) {
    return false;
  }
  return json.contains("devices") || (json.contains("meta") && json["meta"].contains("argv"));
}

// The first entry of a list of {"name"/"tag": ...} objects that is called so.
const Json* called(const Json& list, const char* key, const std::string& wanted) {
  for (const Json& entry : list) {
    if (entry.value(key, "") == wanted) return &entry;
  }
  return nullptr;
}

std::optional<double> summary_value(const Json& state, const char* tag) {
  const Json* summary = called(state.at("summaries"), "tag", tag);
  if (summary == nullptr) return std::nullopt;
  const Json* value = called(summary->at("data"), "name", "value");
  return value == nullptr ? std::nullopt : number_in(value->at("value"));
}

// "copy/T=F32/Elements=2^20": as NVBench prints a state, free of its order of axes' kinds.
std::string state_name(const Json& benchmark, const Json& state) {
  std::string name = benchmark.at("name");
  const Json axes = state.value("axis_values", Json::array());
  if (axes.is_array()) {
    for (const Json& axis : axes) {
      name += "/" + axis.at("name").get<std::string>() + "=" + member_text(axis, "value");
    }
  }
  return name;
}

void add_state(StoredRun& run, const Json& benchmark, const Json& state, bool many_devices) {
  std::string name = state_name(benchmark, state);
  if (many_devices) name += "/device=" + member_text(state, "device");
  if (state.value("is_skipped", false)) {
    run.absent[name] = state.value("skip_reason", "skipped");
    return;
  }
  bool any = false;
  for (const NvbenchSummary& summary : kSummaries) {
    const auto value = summary_value(state, summary.tag);
    if (!value || *value <= 0) continue;
    any = true;
    add_figure(run, name + " " + summary.name, summary.unit, summary.better, value, "");
  }
  if (!any) run.absent[name] = "no mean time or rate that is a number above zero";
}

StoredRun read_nvbench(const ForeignFile& file) {
  StoredRun run;
  run.place = file.place;
  try {
    const Json devices = file.json.value("devices", Json::array());
    for (const Json& benchmark : file.json.at("benchmarks")) {
      for (const Json& state : benchmark.at("states")) {
        add_state(run, benchmark, state, devices.size() > 1);
      }
    }
    for (std::size_t i = 0; i < devices.size(); ++i) {
      note_members(devices[i],
                   {"name", "sm_version", "number_of_sms", "sm_default_clock_rate",
                    "global_memory_size", "global_memory_bus_width", "ecc_state"},
                   "gpu/" + std::to_string(i) + "/", run.environment);
    }
  } catch (const Json::exception& error) {
    throw Error(file.place, std::string("is damaged: ") + error.what(), "NVBench's JSON",
                "write it again with --json; files before version 1.0 are not read");
  }
  return run;
}

}  // namespace

const FileReader kNvbenchReader = {"NVBench", is_nvbench, read_nvbench};

}  // namespace inferbench

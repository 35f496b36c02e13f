#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/gate/calibration.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCalibrationSchema = "inferbench.gate-calibration";
constexpr const char* kCalibrationVersion = "1.0.0";

// Every counter of a cell with its key.
struct CellCount {
  const char* key;
  std::int64_t CalibrationCell::*count;
};
constexpr CellCount kCounts[] = {
    {"comparisons", &CalibrationCell::comparisons},
    {"invalid", &CalibrationCell::invalid},
    {"alarmed_comparisons", &CalibrationCell::alarmed},
    {"series", &CalibrationCell::series},
    {"slower", &CalibrationCell::slower},
    {"faster", &CalibrationCell::faster},
    {"passed", &CalibrationCell::passed},
    {"inconclusive", &CalibrationCell::open},
    {"blocks", &CalibrationCell::blocks},
    {"unpaired_comparisons", &CalibrationCell::unpaired_comparisons},
    {"unpaired_alarmed_comparisons", &CalibrationCell::unpaired_alarmed},
    {"unpaired_series", &CalibrationCell::unpaired_series},
    {"unpaired_slower", &CalibrationCell::unpaired_slower},
    {"unpaired_faster", &CalibrationCell::unpaired_faster},
};

Json cell_json(const CalibrationCell& cell) {
  Json json = {{"slowdown", cell.slowdown}};
  for (const CellCount& entry : kCounts) json[entry.key] = cell.*entry.count;
  json["elapsed_s"] = cell.elapsed_s;
  return json;
}

CalibrationCell read_cell(const Json& json, const std::string& place) {
  CalibrationCell cell;
  cell.slowdown = json.at("slowdown");
  cell.elapsed_s = json.at("elapsed_s");
  bool sound = cell.slowdown >= 0 && cell.elapsed_s >= 0;
  for (const CellCount& entry : kCounts) {
    cell.*entry.count = json.at(entry.key).get<std::int64_t>();
    sound = sound && cell.*entry.count >= 0;
  }
  sound = sound && cell.slower + cell.faster + cell.passed + cell.open == cell.series &&
          cell.invalid + cell.alarmed <= cell.comparisons &&
          cell.unpaired_slower + cell.unpaired_faster <= cell.unpaired_series &&
          cell.unpaired_alarmed <= cell.unpaired_comparisons;
  if (sound) return cell;
  throw Error(place, "counts of a cell contradict each other", "verdicts add up to series",
              "restore the file, or begin a new one");
}

}  // namespace

std::string calibration_json(const GateCalibration& calibration) {
  const GateRule& rule = calibration.rule;
  Json json = {{"schema", kCalibrationSchema},
               {"version", kCalibrationVersion},
               {"suite", calibration.suite},
               {"series_of_suite", calibration.series},
               {"clock", calibration.clock},
               {"cpu", calibration.cpu},
               {"code_sha256", calibration.code},
               {"rule",
                {{"margin", rule.margin},
                 {"target", rule.target},
                 {"alpha_per_suite", rule.alpha},
                 {"beta_per_series", rule.beta},
                 {"looks_blocks", rule.looks}}},
               {"cells", Json::array()}};
  for (const CalibrationCell& cell : calibration.cells) json["cells"].push_back(cell_json(cell));
  return json.dump(1) + "\n";
}

GateCalibration parse_calibration(const std::string& text, const std::string& place) {
  try {
    const Json json = Json::parse(text);
    if (json.value("schema", "") != kCalibrationSchema) {
      throw Error(place, "is no calibration of the gate",
                  std::string("\"schema\": \"") + kCalibrationSchema + "\"",
                  "give --report a file that calibrate-gate wrote, or a new name");
    }
    const std::string version = json.at("version");
    if (!version.starts_with("1.")) {
      throw Error(place, "version " + version, "1.x is known here", "use a newer inferbench");
    }
    GateCalibration calibration;
    const Json& rule = json.at("rule");
    calibration.rule = {.margin = rule.at("margin"),
                        .target = rule.at("target"),
                        .alpha = rule.at("alpha_per_suite"),
                        .beta = rule.at("beta_per_series"),
                        .looks = rule.at("looks_blocks")};
    calibration.suite = json.at("suite");
    calibration.series = json.at("series_of_suite");
    calibration.clock = json.at("clock");
    calibration.cpu = json.at("cpu");
    calibration.code = json.at("code_sha256");
    for (const Json& cell : json.at("cells")) {
      calibration.cells.push_back(read_cell(cell, place));
    }
    return calibration;
  } catch (const Json::exception& error) {
    throw Error(place, std::string("is damaged: ") + error.what(), "a file of calibrate-gate",
                "restore it, or begin a new one");
  }
}

}  // namespace inferbench

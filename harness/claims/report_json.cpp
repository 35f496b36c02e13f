#include <nlohmann/json.hpp>

#include "harness/claims/report.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

Json value_json(const NumberValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* absent = std::get_if<AbsentNumber>(&value)) {
    return Json{{"absent_because", absent->reason}};
  }
  const auto& series = std::get<std::vector<double>>(value);
  return series.size() == 1 ? Json(series.front()) : Json(series);
}

Json runs_json(const ClaimResult& result) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < result.scenario.runs.size(); ++i) {
    const ScenarioRun& run = result.scenario.runs[i];
    Json numbers = Json::object();
    for (const auto& [number, value] : result.runs.all()[i].second.all()) {
      numbers[number] = value_json(value);
    }
    runs.push_back(Json{{"name", run.name},
                        {"measure", run.measure},
                        {"inputs", Json::parse(run.inputs)},
                        {"numbers", std::move(numbers)}});
  }
  return runs;
}

Json groups_json(const ClaimResult& result) {
  Json groups = Json::array();
  for (const GroupOutcome& group : result.groups) {
    Json checks = Json::array();
    for (const CheckOutcome& check : group.checks) {
      checks.push_back(Json{{"quantity", check.quantity},
                            {"wanted", check.wanted},
                            {"found", check.found},
                            {"passed", check.passed}});
    }
    groups.push_back(
        Json{{"name", group.name}, {"passed", group.passed}, {"checks", std::move(checks)}});
  }
  return groups;
}

Json claim_json(const ClaimResult& result) {
  const Scenario& scenario = result.scenario;
  Json json{{"id", scenario.name},           {"row", scenario.row},
            {"document", scenario.document}, {"says", scenario.says},
            {"comes_out", result.comes_out}, {"label", name(result.label)}};
  if (!scenario.why.empty()) json["why"] = scenario.why;
  if (!scenario.assumed.assumptions.empty()) json["assumptions"] = scenario.assumed.assumptions;
  if (!scenario.not_run.empty()) {
    json["not_run"] = scenario.not_run;
    json["waits_for"] = scenario.waits_for;
  }
  if (!scenario.recorded.empty()) json["recorded"] = scenario.recorded;
  for (const NotCovered& part : scenario.not_covered) {
    json["not_covered"].push_back(Json{{"part", part.part}, {"waits_for", part.waits_for}});
  }
  json["runs"] = runs_json(result);
  json["groups"] = groups_json(result);
  return json;
}

}  // namespace

std::string claims_json(const std::vector<ClaimResult>& results) {
  Json counts = Json::object(), claims = Json::array();
  for (const ClaimResult& result : results) {
    const std::string label(name(result.label));
    counts[label] = counts.value(label, 0) + 1;
    claims.push_back(claim_json(result));
  }
  const Json file{{"schema", "inferbench.claims/1"},
                  {"method", "modelled"},
                  {"counts", std::move(counts)},
                  {"claims", std::move(claims)}};
  return file.dump(2) + "\n";
}

}  // namespace inferbench

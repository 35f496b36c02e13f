#include "harness/sweep/sweep_json.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

double number(const Json& json, const char* key, const std::string& place) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number()) {
    throw Error(place, "\"" + std::string(key) + "\" is missing or no number",
                "a sweep point has it");
  }
  return found->get<double>();
}

// Each part by its key, in the order in which they are written.
constexpr std::pair<const char*, Seconds StageParts::*> kParts[] = {
    {"gemm", &StageParts::gemm},         {"attention", &StageParts::attention},
    {"moe", &StageParts::moe},           {"elementwise", &StageParts::elementwise},
    {"scale_up", &StageParts::scale_up}, {"scale_out", &StageParts::scale_out},
    {"host", &StageParts::host},
};

Json parts_json(const StageParts& parts) {
  Json json = Json::object();
  for (const auto& [key, part] : kParts) {
    if ((parts.*part).count() > 0) json[key] = (parts.*part).count();
  }
  return json;
}

StageParts parts_from_json(const Json& json, const std::string& place) {
  StageParts parts;
  for (const auto& [key, part] : kParts) {
    if (json.contains(key)) parts.*part = Seconds(number(json, key, place));
  }
  return parts;
}

Json reference(std::span<const SweepPoint> points, std::size_t index) {
  const SweepTask& task = points[index].task;
  Json json = {
      {"point", index}, {"parallel", label(task.parallel)}, {"chunk_tokens", task.chunk.count()}};
  if (task.load > 0) json["load"] = task.load;
  return json;
}

Json with_ties(std::span<const SweepPoint> points, std::size_t index, const SweepLimits& limits) {
  Json json = reference(points, index);
  const auto ties = near_ties(points, index, limits);
  if (ties.empty()) return json;
  json["ties"] = Json::array();
  for (const std::size_t tie : ties) json["ties"].push_back(reference(points, tie));
  return json;
}

}  // namespace

Json point_json(const SweepPoint& point) {
  Json json = {{"parallel", label(point.task.parallel)},
               {"chunk_tokens", point.task.chunk.count()},
               {"fits", point.fits}};
  if (point.task.load > 0) json["load"] = point.task.load;
  if (!point.meets_slo) json["meets_slo"] = false;
  if (!point.why_not.empty()) json["why_not"] = point.why_not;
  json["tokens_per_s_user"] = point.tps_user;
  json["tokens_per_s_gpu"] = point.tps_gpu;
  json["ttft_s"] = point.ttft.count();
  json["tpot_s"] = point.tpot.count();
  json["stage_s"] = point.stage.count();
  if (point.fits && point.parts) json["stage_parts_s"] = parts_json(*point.parts);
  json["decodes_per_rank"] = point.decodes;
  json["memory_needed_bytes"] = point.memory_needed.count();
  json["memory_available_bytes"] = point.memory_available.count();
  json["weights_bytes"] = point.weights.count();
  json["kv_bytes"] = point.kv.count();
  if (point.measured_share) json["measured_share"] = *point.measured_share;
  return json;
}

SweepPoint point_from_json(const Json& json, const std::string& place) {
  const auto parallel = json.find("parallel"), fits = json.find("fits");
  if (!json.is_object() || parallel == json.end() || !parallel->is_string() || fits == json.end() ||
      !fits->is_boolean()) {
    throw Error(place, "holds no sweep point", "expected \"parallel\" and \"fits\"");
  }
  SweepPoint point;
  point.task.parallel = parse_parallel(parallel->get<std::string>());
  point.task.chunk = Tokens(static_cast<std::int64_t>(number(json, "chunk_tokens", place)));
  if (json.contains("load")) point.task.load = number(json, "load", place);
  point.fits = fits->get<bool>();
  point.meets_slo = json.value("meets_slo", true);
  point.why_not = json.value("why_not", "");
  point.tps_user = number(json, "tokens_per_s_user", place);
  point.tps_gpu = number(json, "tokens_per_s_gpu", place);
  point.ttft = Seconds(number(json, "ttft_s", place));
  point.tpot = Seconds(number(json, "tpot_s", place));
  point.stage = Seconds(number(json, "stage_s", place));
  if (json.contains("stage_parts_s")) {
    point.parts = parts_from_json(json.at("stage_parts_s"), place);
  }
  point.decodes = number(json, "decodes_per_rank", place);
  point.memory_needed = Bytes(number(json, "memory_needed_bytes", place));
  point.memory_available = Bytes(number(json, "memory_available_bytes", place));
  point.weights = Bytes(number(json, "weights_bytes", place));
  point.kv = Bytes(number(json, "kv_bytes", place));
  if (json.contains("measured_share")) {
    point.measured_share = number(json, "measured_share", place);
  }
  return point;
}

Json limits_json(const SweepLimits& limits) {
  Json json = Json::object();
  if (limits.max_ttft) json["max_ttft_s"] = limits.max_ttft->count();
  if (limits.min_tps_user) json["min_tokens_per_s_user"] = *limits.min_tps_user;
  if (limits.max_tps_user) json["max_tokens_per_s_user"] = *limits.max_tps_user;
  return json;
}

Json findings_json(std::span<const SweepPoint> points, const SweepLimits& limits) {
  Json json = {{"limits", limits_json(limits)}, {"frontier", Json::array()}};
  for (const std::size_t index : pareto_frontier(points, limits)) {
    json["frontier"].push_back(with_ties(points, index, limits));
  }
  if (const auto best = best_point(points, limits)) json["best"] = with_ties(points, *best, limits);
  return json;
}

}  // namespace inferbench

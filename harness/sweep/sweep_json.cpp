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
  json["decodes_per_rank"] = point.decodes;
  json["memory_needed_bytes"] = point.memory_needed.count();
  json["memory_available_bytes"] = point.memory_available.count();
  json["weights_bytes"] = point.weights.count();
  json["kv_bytes"] = point.kv.count();
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
  point.decodes = number(json, "decodes_per_rank", place);
  point.memory_needed = Bytes(number(json, "memory_needed_bytes", place));
  point.memory_available = Bytes(number(json, "memory_available_bytes", place));
  point.weights = Bytes(number(json, "weights_bytes", place));
  point.kv = Bytes(number(json, "kv_bytes", place));
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

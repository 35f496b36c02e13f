#include "bench/cli/validate_report.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string percent(double share) {
  return fixed(100 * share, 1) + " %";
}

std::string signed_percent(double share) {
  return (share > 0 ? "+" : "") + percent(share);
}

std::vector<std::string> cells(const ErrorSummary& errors) {
  if (errors.count == 0) return {"-", "-", "-"};
  return {percent(errors.median), percent(errors.p90), signed_percent(errors.bias)};
}

// Points of all engines together that were offered in closed loop: what an SLO is about.
std::vector<ScoredPoint> closed_loop(const ServingValidation& validation) {
  std::vector<ScoredPoint> points;
  for (const ScoredPoint* scored : validation.scored()) {
    if (scored->point->offer == Offer::closed_loop) points.push_back(*scored);
  }
  return points;
}

std::map<std::string, std::vector<ScoredPoint>> by_set(const ServingValidation& validation) {
  std::map<std::string, std::vector<ScoredPoint>> sets;
  for (const ScoredPoint* scored : validation.scored()) {
    sets[scored->point->set].push_back(*scored);
  }
  return sets;
}

std::string errors_table(const ServingValidation& validation) {
  TextTable table(
      {"set", "points", "TPOT", "p90", "bias", "TTFT", "p90", "bias", "tok/s/GPU", "p90", "bias"});
  const auto add = [&](const std::string& name, std::span<const ScoredPoint> points) {
    const MetricErrors errors = errors_of(points);
    std::vector<std::string> row = {name, std::to_string(points.size())};
    for (const ErrorSummary* e : {&errors.tpot, &errors.ttft, &errors.tokens_s_gpu}) {
      for (std::string& cell : cells(*e)) row.push_back(std::move(cell));
    }
    table.add(std::move(row));
  };
  for (const auto& [set, points] : by_set(validation)) add(set, points);
  const std::vector<ScoredPoint> serving = closed_loop(validation);
  if (!serving.empty()) add("all serving", serving);
  return table.str();
}

std::string rank_table(const std::vector<ScoredPoint>& points) {
  TextTable table({"TPOT within", "configurations", "Spearman", "of one workload", "best found"});
  const auto text = [](const std::optional<double>& rho) { return rho ? fixed(*rho, 3) : "-"; };
  for (const double limit : kRankedAt) {
    const RankCorrelation ranks = rank_configurations(points, limit);
    table.add({significant(limit) + " ms", std::to_string(ranks.configurations), text(ranks.all),
               text(ranks.within),
               std::to_string(ranks.best_found) + " of " + std::to_string(ranks.choices)});
  }
  return table.str();
}

std::string profile_table(const ServingValidation& validation) {
  TextTable table({"engine", "profile", "fitted on", "effect", "value"});
  for (const EngineValidation& engine : validation.engines) {
    if (engine.fit_points.empty()) continue;
    for (const SystemEffect& effect : system_effects()) {
      table.add({engine.engine, engine.profile.name,
                 std::to_string(engine.fit_points.size()) + " points", std::string(effect.name),
                 significant(effect.get(engine.profile))});
    }
  }
  return table.str();
}

const EngineValidation& engine_named(const ServingValidation& validation, const std::string& name) {
  return *std::find_if(validation.engines.begin(), validation.engines.end(),
                       [&](const EngineValidation& e) { return e.engine == name; });
}

std::string ablation_table(const ServingValidation& validation) {
  TextTable table({"engine", "left out", "was", "TPOT", "TTFT", "tok/s/GPU", "TPOT with",
                   "TTFT with", "tok/s/GPU with"});
  for (const Ablation& ablation : validation.ablations) {
    const MetricErrors with = errors_of(engine_named(validation, ablation.engine).scored_part);
    const MetricErrors& without = ablation.without;
    table.add({ablation.engine, ablation.effect, significant(ablation.value),
               percent(without.tpot.median), percent(without.ttft.median),
               percent(without.tokens_s_gpu.median), percent(with.tpot.median),
               percent(with.ttft.median), percent(with.tokens_s_gpu.median)});
  }
  return table.str();
}

// Where an error of that kind comes from, as far as the replay shows.
std::string reason_of(const ScoredPoint& scored) {
  const ServingPoint& point = *scored.point;
  const ServingPrediction& said = scored.prediction;
  if (!said.why_not.empty()) return said.why_not;
  const auto measured = point.saturated();
  const double held = static_cast<double>(said.kv_capacity.count()) /
                      static_cast<double>((point.isl + point.osl).count());
  if (measured && *measured != said.saturated) {
    return std::string(*measured ? "queues" : "does not queue") + " as measured; KV of " +
           significant(held) + " requests is modelled";
  }
  if (point.users > 0 && held < 1.5 * static_cast<double>(point.users)) {
    return "KV holds " + significant(held) + " of " + std::to_string(point.users) + " users";
  }
  const auto tpot = relative_error(scored, tpot_metric());
  const auto ttft = relative_error(scored, ttft_metric());
  if (tpot && ttft && std::abs(*ttft) > 2 * std::abs(*tpot)) {
    return "waves: how far prompts bunch is not what the replay's do";
  }
  return tpot && *tpot < 0 ? "steps predicted too short" : "steps predicted too long";
}

double worst_error(const ScoredPoint& scored) {
  double worst = scored.prediction.why_not.empty() ? 0 : 1e9;
  for (const PointMetric& metric : point_metrics()) {
    if (const auto error = relative_error(scored, metric)) {
      worst = std::max(worst, std::abs(std::log(std::max(1e-9, 1 + *error))));
    }
  }
  return worst;
}

std::string pair_of(const std::optional<double>& measured, const std::optional<double>& predicted) {
  if (!measured) return "-";
  return significant(*measured) + " / " + (predicted ? significant(*predicted) : "-");
}

std::string load_of(const ServingPoint& point) {
  const std::string lengths =
      std::to_string(point.isl.count()) + "/" + std::to_string(point.osl.count());
  if (point.users > 0) return lengths + " x " + std::to_string(point.users);
  return lengths + (point.requests > 0 ? ", batch of " + std::to_string(point.requests) : "");
}

std::string worst_table(const ServingValidation& validation, std::size_t rows) {
  std::vector<const ScoredPoint*> all = validation.scored();
  std::stable_sort(all.begin(), all.end(), [](const ScoredPoint* a, const ScoredPoint* b) {
    return worst_error(*a) > worst_error(*b);
  });
  all.resize(std::min(rows, all.size()));
  TextTable table({"set", "degrees", "load", "TPOT ms", "TTFT ms", "tok/s/GPU", "why"});
  for (const ScoredPoint* s : all) {
    const ServingPoint& p = *s->point;
    table.add({p.set, label(p.parallel), load_of(p), pair_of(p.tpot_ms, s->prediction.tpot_ms),
               pair_of(p.ttft_ms, s->prediction.ttft_ms),
               pair_of(p.tokens_s_gpu, s->prediction.tokens_s_gpu), reason_of(*s)});
  }
  return table.str();
}

std::string saturation_line(const std::vector<ScoredPoint>& points) {
  const SaturationCount count = count_saturation(points);
  return "Saturated (TTFT above the whole answer): " + std::to_string(count.recognised) + " of " +
         std::to_string(count.saturated) + " recognised, " + std::to_string(count.false_alarm) +
         " of " + std::to_string(count.unsaturated) + " others predicted so.\n";
}

std::string coverage_line(const ServingValidation& validation) {
  std::string text = "90 % bands learnt on the fit part hold on the scored part for";
  const char* sep = " ";
  for (const auto& [metric, found] : validation.coverage) {
    if (found.points == 0) continue;
    text.append(sep).append(metric).append(" ").append(
        percent(static_cast<double>(found.inside) / static_cast<double>(found.points)));
    sep = ", ";
  }
  return text + ".\n";
}

std::string left_out_lines(const Truth& truth) {
  std::string text;
  for (const auto& [reason, count] : truth.left_out) {
    text.append("left out: ").append(std::to_string(count)).append(" rows, ").append(reason);
    text.append("\n");
  }
  return text;
}

OrderedJson json_of(const ErrorSummary& errors) {
  return {{"points", errors.count},
          {"median", errors.median},
          {"p90", errors.p90},
          {"bias", errors.bias}};
}

OrderedJson json_of(const MetricErrors& errors) {
  return {{"tpot", json_of(errors.tpot)},
          {"ttft", json_of(errors.ttft)},
          {"tokens_s_gpu", json_of(errors.tokens_s_gpu)}};
}

template <class Value>
OrderedJson or_null(const std::optional<Value>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson json_of(const ScoredPoint& scored) {
  const ServingPoint& p = *scored.point;
  const ServingPrediction& said = scored.prediction;
  OrderedJson json = {
      {"place", p.place},     {"set", p.set},         {"parallel", label(p.parallel)},
      {"isl", p.isl.count()}, {"osl", p.osl.count()}, {"users", p.users}};
  json["measured"] = {{"tpot_ms", or_null(p.tpot_ms)},
                      {"ttft_ms", or_null(p.ttft_ms)},
                      {"tokens_s_gpu", or_null(p.tokens_s_gpu)},
                      {"saturated", or_null(p.saturated())}};
  json["predicted"] = {{"tpot_ms", or_null(said.tpot_ms)},
                       {"ttft_ms", or_null(said.ttft_ms)},
                       {"tokens_s_gpu", or_null(said.tokens_s_gpu)},
                       {"saturated", said.saturated},
                       {"kv_capacity_tokens", said.kv_capacity.count()}};
  if (!said.why_not.empty()) json["not_predicted"] = said.why_not;
  return json;
}

OrderedJson engines_json(const ServingValidation& validation) {
  OrderedJson engines = OrderedJson::array();
  for (const EngineValidation& engine : validation.engines) {
    OrderedJson effects;
    for (const SystemEffect& effect : system_effects()) {
      effects[std::string(effect.name)] = effect.get(engine.profile);
    }
    engines.push_back({{"engine", engine.engine},
                       {"profile", engine.profile.name},
                       {"fit_points", engine.fit_points.size()},
                       {"scored_points", engine.scored_points.size()},
                       {"effects", std::move(effects)},
                       {"errors_fit_part", json_of(errors_of(engine.fit_part))},
                       {"errors", json_of(errors_of(engine.scored_part))}});
  }
  return engines;
}

}  // namespace

std::string validation_report(const Truth& truth, const ServingValidation& validation,
                              const ValidationOptions& options, std::size_t worst_rows) {
  const std::vector<ScoredPoint> serving = closed_loop(validation);
  std::string text = "Modelled by replay against " + std::to_string(truth.points.size()) +
                     " measured points; scored: the half of the configurations that no fit saw "
                     "(seed " +
                     std::to_string(options.seed) + ").\n\n";
  text += errors_table(validation);
  text +=
      "\nMedian and p90 of absolute errors, median of signed ones; TTFT of points below "
      "saturation.\n\n";
  if (!serving.empty()) {
    text += rank_table(serving) + "\n" + saturation_line(serving);
    text += coverage_line(validation) + "\n" + profile_table(validation) + "\n";
  }
  if (!validation.ablations.empty()) text += ablation_table(validation) + "\n";
  if (worst_rows > 0) {
    text += "Worst rows, measured / predicted:\n" + worst_table(validation, worst_rows) + "\n";
  }
  return text + left_out_lines(truth);
}

OrderedJson validation_json(const Truth& truth, const ServingValidation& validation,
                            const ValidationOptions& options) {
  OrderedJson json = {{"schema", "inferbench.validation"},
                      {"version", "1.0.0"},
                      {"method", "modelled"},
                      {"seed", options.seed},
                      {"fitted_now", options.fit}};
  json["left_out"] = truth.left_out;
  json["engines"] = engines_json(validation);
  const std::vector<ScoredPoint> serving = closed_loop(validation);
  json["serving"] = json_of(errors_of(serving));
  for (const auto& [set, points] : by_set(validation)) {
    json["sets"][set] = json_of(errors_of(points));
  }
  json["ranks"] = OrderedJson::array();
  for (const double limit : kRankedAt) {
    const RankCorrelation r = rank_configurations(serving, limit);
    json["ranks"].push_back({{"tpot_ms", limit},
                             {"configurations", r.configurations},
                             {"spearman", or_null(r.all)},
                             {"spearman_within", or_null(r.within)},
                             {"best_found", r.best_found},
                             {"choices", r.choices}});
  }
  const SaturationCount count = count_saturation(serving);
  json["saturation"] = {{"saturated", count.saturated},
                        {"recognised", count.recognised},
                        {"unsaturated", count.unsaturated},
                        {"false_alarms", count.false_alarm}};
  for (const auto& [metric, found] : validation.coverage) {
    json["bands"][metric] = {{"points", found.points}, {"inside", found.inside}};
  }
  json["ablation"] = OrderedJson::array();
  for (const Ablation& a : validation.ablations) {
    json["ablation"].push_back({{"engine", a.engine},
                                {"left_out", a.effect},
                                {"value", a.value},
                                {"errors", json_of(a.without)}});
  }
  json["points"] = OrderedJson::array();
  for (const ScoredPoint* scored : validation.scored()) json["points"].push_back(json_of(*scored));
  return json;
}

}  // namespace inferbench

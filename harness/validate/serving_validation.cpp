#include "harness/validate/serving_validation.hpp"

#include <algorithm>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

CostProfile profile_of(const std::string& engine) {
  for (const CostProfile& profile : cost_profiles()) {
    if (profile.name == engine) return profile;
  }
  return find_cost_profile("default");
}

// Points without latencies are not fitted to.
EngineValidation split_engine(const std::string& engine, const Truth& truth, std::uint64_t seed) {
  EngineValidation out{.engine = engine, .profile = profile_of(engine)};
  for (const ServingPoint& point : truth.points) {
    if (point.engine != engine) continue;
    const bool fit = point.tpot_ms && in_fit_part(point.configuration(), seed);
    (fit ? out.fit_points : out.scored_points).push_back(point);
  }
  return out;
}

// So many points tell a fit what more would; drawn, as the order of a file has a rhythm.
std::vector<ServingPoint> some_of(const std::vector<ServingPoint>& points, std::uint64_t seed) {
  constexpr std::size_t kEnough = 48;
  std::vector<std::pair<std::uint64_t, std::size_t>> drawn;
  for (std::size_t i = 0; i < points.size(); ++i) {
    drawn.emplace_back(Random(seed).stream("validate fit").at(i).bits(), i);
  }
  std::sort(drawn.begin(), drawn.end());
  drawn.resize(std::min(kEnough, drawn.size()));
  std::vector<ServingPoint> some;
  some.reserve(drawn.size());
  for (const auto& [key, i] : drawn) some.push_back(points[i]);
  return some;
}

void ablate(const EngineValidation& engine, const ValidationOptions& options,
            std::vector<Ablation>& ablations) {
  if (engine.fit_points.empty()) return;
  for (const SystemEffect& effect : system_effects()) {
    const double value = effect.get(engine.profile);
    if (value == effect.off) continue;
    if (options.stop && options.stop()) return;
    CostProfile without = engine.profile;
    effect.set(without, effect.off);
    ablations.push_back(
        {.engine = engine.engine,
         .effect = std::string(effect.name),
         .value = value,
         .without = errors_of(predict_all(engine.scored_points, without, options.threads))});
  }
}

std::vector<double> ratios(std::span<const ScoredPoint> points, const PointMetric& metric) {
  std::vector<double> out;
  for (const ScoredPoint& scored : points) {
    const auto error = relative_error(scored, metric);
    if (error && *error > -1) out.push_back(1.0 / (1.0 + *error));
  }
  return out;
}

void cover(const EngineValidation& engine, std::map<std::string, Coverage>& coverage) {
  for (const PointMetric& metric : point_metrics()) {
    const std::vector<double> learnt = ratios(engine.fit_part, metric);
    if (learnt.empty()) continue;
    const ErrorBand band = band_of(learnt);
    Coverage& found = coverage[std::string(metric.name)];
    for (const double ratio : ratios(engine.scored_part, metric)) {
      ++found.points;
      found.inside += band.holds(1.0, ratio) ? 1 : 0;
    }
  }
}

std::vector<double> errors_in(std::span<const ScoredPoint> points, const PointMetric& metric,
                              bool saturated_too) {
  std::vector<double> errors;
  for (const ScoredPoint& scored : points) {
    if (!saturated_too && scored.point->saturated().value_or(false)) continue;
    if (const auto error = relative_error(scored, metric)) errors.push_back(*error);
  }
  return errors;
}

}  // namespace

bool in_fit_part(const std::string& configuration, std::uint64_t seed) {
  return Random(seed).stream("validate " + configuration).below(2) == 0;
}

MetricErrors errors_of(std::span<const ScoredPoint> points) {
  return {.tpot = summarize_errors(errors_in(points, tpot_metric(), true)),
          .ttft = summarize_errors(errors_in(points, ttft_metric(), false)),
          .tokens_s_gpu = summarize_errors(errors_in(points, throughput_metric(), true))};
}

std::vector<const ScoredPoint*> ServingValidation::scored() const {
  std::vector<const ScoredPoint*> all;
  for (const EngineValidation& engine : engines) {
    for (const ScoredPoint& scored : engine.scored_part) all.push_back(&scored);
  }
  return all;
}

ServingValidation validate_serving(const Truth& truth, const ValidationOptions& options) {
  std::vector<std::string> names;
  for (const ServingPoint& point : truth.points) names.push_back(point.engine);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  ServingValidation out;
  for (const std::string& name : names) {
    if (options.stop && options.stop()) break;
    EngineValidation& engine = out.engines.emplace_back(split_engine(name, truth, options.seed));
    if (options.fit && !engine.fit_points.empty()) {
      engine.profile = fit_effects(some_of(engine.fit_points, options.seed), engine.profile,
                                   options.threads, options.stop);
    }
    engine.fit_part = predict_all(engine.fit_points, engine.profile, options.threads);
    engine.scored_part = predict_all(engine.scored_points, engine.profile, options.threads);
    if (options.ablation) ablate(engine, options, out.ablations);
    cover(engine, out.coverage);
  }
  return out;
}

}  // namespace inferbench

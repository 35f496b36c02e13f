#include "harness/validate/system_effects.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/parallel_for.hpp"

namespace inferbench {
namespace {

constexpr double kMicro = 1e-6, kGiga = 1e9;

const OpsParameters& ops_of(const CostProfile& profile) {
  return std::get<OpsParameters>(profile.parameters);
}
OpsParameters& ops_of(CostProfile& profile) {
  return std::get<OpsParameters>(profile.parameters);
}
EngineSetup& engine_of(CostProfile& profile) {
  if (!profile.engine) profile.engine.emplace();
  return *profile.engine;
}

// Bounds are what hosts and GPUs can be like, wide; a fit that ends on one is to be looked at.
constexpr std::array<SystemEffect, 8> kEffects = {{
    {.name = "request_us",
     .what = "framework time per request in a step",
     .off = 0,
     .first = 10,
     .least = 0,
     .most = 200,
     .get = [](const CostProfile& p) { return ops_of(p).launch.request.count() / kMicro; },
     .set = [](CostProfile& p, double v) { ops_of(p).launch.request = Seconds(v * kMicro); }},
    {.name = "step_us",
     .what = "framework time per step",
     .off = 0,
     .first = 500,
     .least = 0,
     .most = 10'000,
     .get = [](const CostProfile& p) { return ops_of(p).launch.step.count() / kMicro; },
     .set = [](CostProfile& p, double v) { ops_of(p).launch.step = Seconds(v * kMicro); }},
    {.name = "kernel_us",
     .what = "launch of a kernel outside a graph",
     .off = 0,
     .first = 10,
     .least = 0,
     .most = 100,
     .get = [](const CostProfile& p) { return ops_of(p).launch.kernel.count() / kMicro; },
     .set = [](CostProfile& p, double v) { ops_of(p).launch.kernel = Seconds(v * kMicro); }},
    {.name = "sustained_clock",
     .what = "compute rate under load over that of a benchmark",
     .off = 1,
     .first = 0.9,
     .least = 0.5,
     .most = 1,
     .get = [](const CostProfile& p) { return ops_of(p).sustained_clock; },
     .set = [](CostProfile& p, double v) { ops_of(p).sustained_clock = v; }},
    {.name = "latency_us",
     .what = "front end, of one request",
     .off = 0,
     .first = 20'000,
     .least = 0,
     .most = 500'000,
     .get = [](const CostProfile& p) { return ops_of(p).front_end.latency.count() / kMicro; },
     .set = [](CostProfile& p, double v) { ops_of(p).front_end.latency = Seconds(v * kMicro); }},
    {.name = "interval_us",
     .what = "front end, between two requests",
     .off = 0,
     .first = 3'000,
     .least = 0,
     .most = 100'000,
     .get = [](const CostProfile& p) { return ops_of(p).front_end.interval.count() / kMicro; },
     .set = [](CostProfile& p, double v) { ops_of(p).front_end.interval = Seconds(v * kMicro); }},
    {.name = "runtime_reserve_gb",
     .what = "memory of a GPU that neither weights, activations nor KV use",
     .off = 0,
     .first = 4,
     .least = 0,
     .most = 20,
     .get =
         [](const CostProfile& p) {
           return p.engine.value_or(EngineSetup{}).runtime_reserve.count() / kGiga;
         },
     .set = [](CostProfile& p, double v) { engine_of(p).runtime_reserve = Bytes(v * kGiga); }},
    {.name = "scale_up_latency_us",
     .what = "latency of a collective inside the domain, on top of that of its kernel alone",
     .off = 0,
     .first = 5,
     .least = 0,
     .most = 100,
     .get = [](const CostProfile& p) { return ops_of(p).scale_up.latency.count() / kMicro; },
     .set =
         [](CostProfile& p, double v) {
           ops_of(p).scale_up.latency = Seconds(v * kMicro);
           ops_of(p).one_shot_latency = Seconds(v * kMicro);
         }},
}};

const double kMost = std::log(4.0);

double log_error(const ScoredPoint& scored, const PointMetric& metric) {
  const auto error = relative_error(scored, metric);
  return error ? std::min(kMost, std::abs(std::log1p(*error))) : kMost;
}

// One effect of one round: values around where it stands.
struct Search {
  std::span<const ServingPoint> points;
  unsigned threads;
  double best = 0;

  bool better(CostProfile& profile, const SystemEffect& effect, double value) {
    CostProfile tried = profile;
    effect.set(tried, std::clamp(value, effect.least, effect.most));
    const double found = misfit(predict_all(points, tried, threads));
    if (found >= best) return false;
    best = found, profile = std::move(tried);
    return true;
  }

  void improve(CostProfile& profile, const SystemEffect& effect, double step) {
    const double now = effect.get(profile);
    if (now == effect.off && better(profile, effect, effect.first)) return;
    if (now == 0) return;  // no factor leads away from it
    for (const double direction : {1.0 + step, 1.0 / (1.0 + step)}) {
      bool moved = false;
      while (better(profile, effect, effect.get(profile) * direction)) moved = true;
      if (moved) return;
    }
    better(profile, effect, effect.off);
  }
};

}  // namespace

std::span<const SystemEffect> system_effects() {
  return kEffects;
}

std::vector<ScoredPoint> predict_all(std::span<const ServingPoint> points,
                                     const CostProfile& profile, unsigned threads,
                                     const ReplayOfPoint& how) {
  std::vector<ScoredPoint> scored(points.size());
  parallel_for(points.size(), threads, [&](std::size_t i) {
    scored[i] = {.point = &points[i], .prediction = predict(points[i], profile, how)};
  });
  return scored;
}

double misfit(std::span<const ScoredPoint> scored) {
  if (scored.empty()) return 0;
  double sum = 0;
  for (const ScoredPoint& s : scored) {
    if (s.point->tpot_ms) sum += log_error(s, tpot_metric());
    if (s.point->tokens_s_gpu) sum += log_error(s, throughput_metric());
    if (s.point->ttft_ms) sum += 0.5 * log_error(s, ttft_metric());
  }
  return sum / static_cast<double>(scored.size());
}

CostProfile fit_effects(std::span<const ServingPoint> points, CostProfile profile, unsigned threads,
                        const std::function<bool()>& stop) {
  ensure(!profile.is_claims(), "effects are those of the ops formulation");
  for (const SystemEffect& effect : kEffects) effect.set(profile, effect.first);
  Search search{.points = points, .threads = threads};
  search.best = misfit(predict_all(points, profile, threads));
  for (const double step : {1.0, 0.5, 0.2, 0.1}) {
    for (const SystemEffect& effect : kEffects) {
      if (stop && stop()) return profile;
      search.improve(profile, effect, step);
    }
  }
  return profile;
}

}  // namespace inferbench

// Rows about steady in-flight batching: single points, the best point, the frontier.
#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/claims/measures/steady_inputs.hpp"

namespace inferbench::claims {
namespace {

// Throughput that `config` gives up against the best point, over its own points within the limits;
// nullopt when it has none.
std::optional<double> gap_of(const std::vector<SweepPoint>& points, const ParallelConfig& config,
                             const SweepLimits& limits, const SweepPoint& best) {
  const std::vector<SweepPoint> own = of_config(points, config);
  const auto index = best_point(own, limits);
  if (!index) return std::nullopt;
  return 1 - own[*index].tps_gpu / best.tps_gpu;
}

// The same answer by looking at every point: what an optimiser must agree with.
const SweepPoint* brute_force(const std::vector<SweepPoint>& points, const SweepLimits& limits) {
  const SweepPoint* best = nullptr;
  for (const SweepPoint& point : points) {
    if (!point.fits) continue;
    if (limits.max_ttft && point.ttft > *limits.max_ttft) continue;
    if (limits.min_tps_user && point.tps_user < *limits.min_tps_user) continue;
    if (limits.max_tps_user && point.tps_user > *limits.max_tps_user) continue;
    if (best == nullptr || point.tps_gpu > best->tps_gpu) best = &point;
  }
  return best;
}

bool is_dominated(const SweepPoint& point, const std::vector<SweepPoint>& points,
                  const SweepLimits& limits) {
  return std::any_of(points.begin(), points.end(), [&](const SweepPoint& other) {
    return meets(other, limits) && other.tps_user >= point.tps_user &&
           other.tps_gpu >= point.tps_gpu &&
           (other.tps_user > point.tps_user || other.tps_gpu > point.tps_gpu);
  });
}

}  // namespace

// Every configuration at every chunk size; series run over the chunks, names begin with the label:
// "TP64_tps_user".
Numbers steady_points(const JsonObject& inputs, const World& world) {
  const SteadySweep sweep = steady_sweep(inputs, world);
  Numbers out;
  for (const ParallelConfig& config : sweep.configs) {
    std::vector<double> user, per_gpu, ttft, stage, memory, weights, kv, decodes, fits;
    for (const SweepPoint& point : sweep.points({config})) {
      user.push_back(point.tps_user);
      per_gpu.push_back(point.tps_gpu);
      ttft.push_back(point.ttft.count());
      stage.push_back(point.stage.count() * 1e3);
      memory.push_back(point.memory_needed.count() / 1e9);
      weights.push_back(point.weights.count() / 1e9);
      kv.push_back(point.kv.count() / 1e9);
      decodes.push_back(point.decodes);
      fits.push_back(point.fits ? 1 : 0);
    }
    const std::string id = label(config);
    out.set(id + "_tps_user", user);
    out.set(id + "_tps_gpu", per_gpu);
    out.set(id + "_ttft_s", ttft);
    out.set(id + "_stage_ms", stage);
    out.set(id + "_memory_gb", memory);
    out.set(id + "_weights_gb", weights);
    out.set(id + "_kv_gb", kv);
    out.set(id + "_decodes", decodes);
    out.set(id + "_fits", fits);
  }
  return out;
}

// The point of most tokens/s/GPU within the limits, found by the sweep and by brute force, and how
// far the configuration "named" is behind it.
Numbers steady_best(const JsonObject& inputs, const World& world) {
  const SteadySweep sweep = steady_sweep(inputs, world);
  const SweepLimits limits = sweep_limits(inputs);
  const std::vector<SweepPoint> points = sweep.points();
  Numbers out;
  out.set("points", static_cast<double>(points.size()));
  out.set("fitting", static_cast<double>(std::count_if(points.begin(), points.end(),
                                                       [](const auto& p) { return p.fits; })));
  const auto best = best_point(points, limits);
  const SweepPoint* brute = brute_force(points, limits);
  out.set(
      "agrees_with_brute_force",
      (brute == nullptr) == !best && (!best || points[*best].tps_gpu == brute->tps_gpu) ? 1 : 0);
  const std::string none = "no point meets the limits";
  if (!best) {
    for (const char* name :
         {"best", "best_config", "best_chunk", "tps_user", "tps_gpu", "ttft_s", "named_gap"}) {
      out.absent(name, none);
    }
    return out;
  }
  const SweepPoint& point = points[*best];
  out.set("best", label(point));
  out.set("best_config", label(point.task.parallel));
  out.set("best_chunk", static_cast<double>(point.task.chunk.count()));
  out.set("tps_user", point.tps_user);
  out.set("tps_gpu", point.tps_gpu);
  out.set("ttft_s", point.ttft.count());
  if (!inputs.has("named")) {
    out.absent("named_gap", "no configuration is named");
  } else if (const auto gap = gap_of(points, parse_parallel(inputs.text("named")), limits, point)) {
    out.set("named_gap", *gap);
  } else {
    out.absent("named_gap", "it has no point within the limits");
  }
  return out;
}

// The Pareto frontier of tokens/s/GPU over tokens/s/user.
Numbers steady_frontier(const JsonObject& inputs, const World& world) {
  const SteadySweep sweep = steady_sweep(inputs, world);
  const std::vector<SweepPoint> points = sweep.points();
  const SweepLimits limits = sweep_limits(inputs);
  std::vector<double> user, per_gpu;
  std::vector<std::string> on_frontier;
  double dominated = 0;
  for (const std::size_t index : pareto_frontier(points, limits)) {
    const SweepPoint& point = points[index];
    user.push_back(point.tps_user);
    per_gpu.push_back(point.tps_gpu);
    if (is_dominated(point, points, limits)) dominated += 1;
    const std::string id = label(point.task.parallel);
    if (std::find(on_frontier.begin(), on_frontier.end(), id) == on_frontier.end()) {
      on_frontier.push_back(id);
    }
  }
  std::string configs;
  for (const std::string& id : on_frontier) configs += (configs.empty() ? "" : ", ") + id;
  Numbers out;
  out.set("points", static_cast<double>(points.size()));
  out.set("size", static_cast<double>(user.size()));
  out.set("dominated", dominated);
  out.set("tps_user", user);
  out.set("tps_gpu", per_gpu);
  out.set("configs", configs);
  return out;
}

}  // namespace inferbench::claims

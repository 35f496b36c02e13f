#include "harness/sweep/frontier.hpp"

#include <algorithm>
#include <tuple>

namespace inferbench {
namespace {

// Better first: more tokens/s/GPU, then more tokens/s/user, then an earlier first token.
bool better(const SweepPoint& a, const SweepPoint& b) {
  return std::tuple(-a.tps_gpu, -a.tps_user, a.ttft.count()) <
         std::tuple(-b.tps_gpu, -b.tps_user, b.ttft.count());
}

std::vector<std::size_t> that_meet(std::span<const SweepPoint> points, const SweepLimits& limits) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (meets(points[i], limits)) indices.push_back(i);
  }
  return indices;
}

}  // namespace

bool meets(const SweepPoint& point, const SweepLimits& limits) {
  if (!point.fits || !point.meets_slo) return false;
  if (limits.max_ttft && point.ttft > *limits.max_ttft) return false;
  if (limits.min_tps_user && point.tps_user < *limits.min_tps_user) return false;
  return !limits.max_tps_user || point.tps_user <= *limits.max_tps_user;
}

std::vector<std::size_t> pareto_frontier(std::span<const SweepPoint> points,
                                         const SweepLimits& limits) {
  std::vector<std::size_t> order = that_meet(points, limits);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(-points[a].tps_gpu, -points[a].tps_user) <
           std::pair(-points[b].tps_gpu, -points[b].tps_user);
  });
  // By falling throughput, a point stays when it is faster for a user than all before it.
  std::vector<std::size_t> frontier;
  for (const std::size_t i : order) {
    if (frontier.empty() || points[i].tps_user > points[frontier.back()].tps_user) {
      frontier.push_back(i);
    }
  }
  return frontier;
}

std::optional<std::size_t> best_point(std::span<const SweepPoint> points,
                                      const SweepLimits& limits) {
  const std::vector<std::size_t> candidates = that_meet(points, limits);
  if (candidates.empty()) return std::nullopt;
  return *std::min_element(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) {
    return better(points[a], points[b]);
  });
}

double throughput_at(std::span<const SweepPoint> points, double tps_user,
                     const SweepLimits& limits) {
  SweepLimits at_least = limits;
  at_least.min_tps_user = std::max(tps_user, limits.min_tps_user.value_or(tps_user));
  const auto best = best_point(points, at_least);
  return best ? points[*best].tps_gpu : 0.0;
}

std::vector<std::size_t> near_ties(std::span<const SweepPoint> points, std::size_t of,
                                   const SweepLimits& limits, double margin) {
  const SweepPoint& reference = points[of];
  std::vector<std::size_t> close;
  for (const std::size_t i : that_meet(points, limits)) {
    const SweepPoint& point = points[i];
    if (point.task.parallel == reference.task.parallel) continue;
    const bool as_much = point.tps_gpu > reference.tps_gpu * (1.0 - margin);
    const bool as_fast = point.tps_user > reference.tps_user * (1.0 - margin);
    if (as_much && as_fast) close.push_back(i);
  }
  std::stable_sort(close.begin(), close.end(),
                   [&](std::size_t a, std::size_t b) { return better(points[a], points[b]); });
  std::vector<std::size_t> ties;
  for (const std::size_t i : close) {
    const bool known = std::any_of(ties.begin(), ties.end(), [&](std::size_t t) {
      return points[t].task.parallel == points[i].task.parallel;
    });
    if (!known) ties.push_back(i);
  }
  return ties;
}

}  // namespace inferbench

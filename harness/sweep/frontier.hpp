#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "harness/sweep/sweep_point.hpp"

namespace inferbench {

// What a point must meet to count. Absent limits do not bind; a point that does not fit never
// meets.
struct SweepLimits {
  std::optional<Seconds> max_ttft{};
  std::optional<double> min_tps_user{}, max_tps_user{};  // a window of interactivity, ends included

  bool any() const { return max_ttft || min_tps_user || max_tps_user; }
};

bool meets(const SweepPoint& point, const SweepLimits& limits);

// Indices of the points that no other point beats: tokens/s/GPU over tokens/s/user, among those
// that meet `limits`. By falling tps_gpu, so by rising tps_user. Of points equal in both the first
// counts.
std::vector<std::size_t> pareto_frontier(std::span<const SweepPoint> points,
                                         const SweepLimits& limits = {});

// The point of most tokens/s/GPU that meets the limits; of equals the one with more tokens/s/user,
// then the lower TTFT, then the first. nullopt: none meets them.
std::optional<std::size_t> best_point(std::span<const SweepPoint> points,
                                      const SweepLimits& limits = {});

// Most tokens/s/GPU at an interactivity of at least `tps_user`; 0 when no point reaches it.
double throughput_at(std::span<const SweepPoint> points, double tps_user,
                     const SweepLimits& limits = {});

// Points of other configurations that the model cannot tell from `of`: those that meet the limits
// and are less than `margin` below it in tps_gpu and in tps_user (or better). Tile quantisation
// alone reorders configurations by more than that. One per configuration, best first.
std::vector<std::size_t> near_ties(std::span<const SweepPoint> points, std::size_t of,
                                   const SweepLimits& limits = {}, double margin = 0.01);

}  // namespace inferbench

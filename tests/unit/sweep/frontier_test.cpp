#include "harness/sweep/frontier.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

SweepPoint point(double tps_user, double tps_gpu, double ttft = 1, std::int64_t tp = 1) {
  SweepPoint p;
  p.task.parallel.tp = tp;
  p.fits = true;
  p.tps_user = tps_user, p.tps_gpu = tps_gpu, p.ttft = Seconds(ttft);
  return p;
}

//  tok/s/GPU
//   100 | a
//    80 |      b
//    60 |   x          x is beaten by b in both
//    50 |            c
//       +--5--8--10--20  tok/s/user
TEST(Frontier, KeepsWhatNothingBeats) {
  const std::vector<SweepPoint> points = {point(5, 100), point(8, 60), point(10, 80),
                                          point(20, 50)};
  EXPECT_EQ(pareto_frontier(points), (std::vector<std::size_t>{0, 2, 3}));
}

TEST(Frontier, OfEqualPointsTheFirstCounts) {
  EXPECT_EQ(pareto_frontier(std::vector{point(5, 100), point(5, 100), point(5, 90)}),
            (std::vector<std::size_t>{0}));
}

TEST(Frontier, LeavesOutWhatDoesNotFitOrMissesALimit) {
  std::vector<SweepPoint> points = {point(5, 100), point(10, 80, 3), point(20, 50)};
  points[0].fits = false;
  EXPECT_EQ(pareto_frontier(points), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(pareto_frontier(points, {.max_ttft = Seconds(2)}), (std::vector<std::size_t>{2}));
  EXPECT_TRUE(pareto_frontier(points, {.min_tps_user = 30}).empty());
}

bool dominated(const SweepPoint& p, const std::vector<SweepPoint>& all) {
  return std::any_of(all.begin(), all.end(), [&](const SweepPoint& o) {
    return o.fits && o.tps_user >= p.tps_user && o.tps_gpu >= p.tps_gpu &&
           (o.tps_user > p.tps_user || o.tps_gpu > p.tps_gpu);
  });
}

TEST(Frontier, EqualsBruteForceOnRandomPoints) {
  RandomStream random(7, "frontier");
  for (int round = 0; round < 200; ++round) {
    std::vector<SweepPoint> points;
    const auto n = static_cast<std::size_t>(random.between(0, 40));
    for (std::size_t i = 0; i < n; ++i) {
      // A coarse grid makes equal coordinates common.
      points.push_back(point(static_cast<double>(random.between(1, 12)),
                             static_cast<double>(random.between(1, 12))));
      points.back().fits = random.uniform() < 0.8;
    }
    const auto frontier = pareto_frontier(points);
    for (std::size_t i = 0; i < n; ++i) {
      const auto same = [&](std::size_t f) {
        return points[f].tps_user == points[i].tps_user && points[f].tps_gpu == points[i].tps_gpu;
      };
      const bool kept = std::any_of(frontier.begin(), frontier.end(), same);
      EXPECT_EQ(kept || !points[i].fits, !points[i].fits || !dominated(points[i], points));
    }
    for (std::size_t k = 1; k < frontier.size(); ++k) {
      EXPECT_LT(points[frontier[k]].tps_gpu, points[frontier[k - 1]].tps_gpu);
      EXPECT_GT(points[frontier[k]].tps_user, points[frontier[k - 1]].tps_user);
    }
  }
}

TEST(Frontier, BestPointIsTheFirstOfTheFrontierInItsWindow) {
  RandomStream random(8, "best");
  for (int round = 0; round < 100; ++round) {
    std::vector<SweepPoint> points;
    for (int i = 0; i < 30; ++i) points.push_back(point(random.uniform(), random.uniform()));
    const SweepLimits window{.min_tps_user = 0.3, .max_tps_user = 0.7};
    const auto best = best_point(points, window);
    const auto frontier = pareto_frontier(points, window);
    ASSERT_EQ(best.has_value(), !frontier.empty());
    if (!best) continue;
    EXPECT_EQ(*best, frontier.front());
    EXPECT_GE(throughput_at(points, 0.3), points[*best].tps_gpu);
  }
}

TEST(Frontier, NearTiesAreOtherConfigurationsWithinOnePercent) {
  const std::vector<SweepPoint> points = {point(16.53, 231.6, 2, 1), point(16.53, 231.4, 1, 2),
                                          point(16.4, 231.0, 1, 2), point(16.5, 225.0, 1, 4),
                                          point(10, 231.6, 1, 8)};
  // tp2 is named once, by its better point; tp4 is 2.8 % behind, tp8 too slow for a user.
  EXPECT_EQ(near_ties(points, 0), (std::vector<std::size_t>{1}));
}

}  // namespace
}  // namespace inferbench

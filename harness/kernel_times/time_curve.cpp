#include "harness/kernel_times/time_curve.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

double blend(double low, double high, double share) {
  return low * (1 - share) + high * share;
}

}  // namespace

TimeCurve::TimeCurve(const CurveSite& site, std::span<const RowRecord> rows) : site_(site) {
  points_.reserve(rows.size());
  for (const RowRecord& row : rows) add(row.x, row.y, row.ns, row.spread);
}

void TimeCurve::add(double x, double y, double ns, float spread) {
  if (levels_.empty() || levels_.back().y != y) {
    levels_.push_back({y, points_.size(), points_.size()});
  }
  points_.push_back({x, ns, spread});
  levels_.back().end = points_.size();
}

CurveAnswer TimeCurve::held(const CurveAnswer& edge, double edge_x, double edge_y, double x,
                            double y) const {
  return {edge.ns * site_.bound_ns(x, y) / site_.bound_ns(edge_x, edge_y), Reach::beyond, 0};
}

CurveAnswer TimeCurve::along(const Level& level, double x) const {
  const Point* const first = points_.data() + level.begin;
  const Point* const last = points_.data() + level.end - 1;
  if (x <= first->x) {
    const CurveAnswer edge{first->ns, Reach::exact, first->spread};
    return x == first->x ? edge : held(edge, first->x, level.y, x, level.y);
  }
  if (x >= last->x) {
    const CurveAnswer edge{last->ns, Reach::exact, last->spread};
    return x == last->x ? edge : held(edge, last->x, level.y, x, level.y);
  }
  const Point* const above = std::lower_bound(
      first, last + 1, x, [](const Point& point, double at) { return point.x < at; });
  if (above->x == x) return {above->ns, Reach::exact, above->spread};
  const Point* const below = above - 1;
  return {blend(below->ns, above->ns, (x - below->x) / (above->x - below->x)), Reach::between, 0};
}

CurveAnswer TimeCurve::at(double x, double y) const {
  ensure(!points_.empty(), "a curve that is asked has a point");
  const auto above =
      std::lower_bound(levels_.begin(), levels_.end(), y,
                       [](const Level& level, double wanted) { return level.y < wanted; });
  if (above == levels_.end()) return held(along(levels_.back(), x), x, levels_.back().y, x, y);
  if (above->y == y) return along(*above, x);
  if (above == levels_.begin()) return held(along(*above, x), x, above->y, x, y);
  const Level& below = *(above - 1);
  const CurveAnswer a = along(below, x), b = along(*above, x);
  const double share = (y - below.y) / (above->y - below.y);
  const Reach reach = std::max({Reach::between, a.reach, b.reach});
  if (!quadratic_) return {blend(a.ns, b.ns, share), reach, 0};
  const double root = blend(std::sqrt(a.ns), std::sqrt(b.ns), share);
  return {root * root, reach, 0};
}

}  // namespace inferbench

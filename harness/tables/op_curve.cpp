#include <algorithm>
#include <cmath>
#include <span>

#include "harness/base/error.hpp"
#include "harness/tables/op_roof.hpp"
#include "harness/tables/op_timer.hpp"

namespace inferbench {
namespace {

Answered worse(Answered a, Answered b) {
  return std::max(a, b);
}

double between(double low, double high, double share) {
  return low * (1 - share) + high * share;
}

class Curve {
 public:
  Curve(const OpCurve& curve, const MachineRates& rates) : curve_(curve), rates_(rates) {}

  OpAnswer at(double x, double y) const {
    const std::span<const OpPoint> points = curve_.points;
    const Level first = level_from(0), last = level_to(points.size());
    if (x <= first.front().x) return beyond(first, x, y);
    if (x >= last.front().x) return beyond(last, x, y);
    const auto above = std::upper_bound(points.begin(), points.end(), x,
                                        [](double at, const OpPoint& p) { return at < p.x; });
    const auto split = static_cast<std::size_t>(above - points.begin());
    const Level low = level_to(split);
    if (low.front().x == x) return along(low, y);
    return blend(low, level_from(split), x, y);
  }

 private:
  using Level = std::span<const OpPoint>;  // points of one x

  Level level_from(std::size_t begin) const {
    std::size_t end = begin;
    while (end < curve_.points.size() && curve_.points[end].x == curve_.points[begin].x) ++end;
    return Level(curve_.points).subspan(begin, end - begin);
  }
  Level level_to(std::size_t end) const {
    std::size_t begin = end - 1;
    while (begin > 0 && curve_.points[begin - 1].x == curve_.points[end - 1].x) --begin;
    return Level(curve_.points).subspan(begin, end - begin);
  }

  // At the level's own x.
  OpAnswer along(Level level, double y) const {
    const auto above = std::lower_bound(level.begin(), level.end(), y,
                                        [](const OpPoint& p, double at) { return p.y < at; });
    if (above != level.end() && above->y == y) return {above->ns, Answered::measured};
    if (above == level.begin()) return held(level.front(), level.front().x, y);
    if (above == level.end()) return held(level.back(), level.front().x, y);
    const OpPoint& below = *(above - 1);
    const double share = (y - below.y) / (above->y - below.y);
    return {between(below.ns, above->ns, share), Answered::interpolated};
  }

  // As much of the roof as at a point of the boundary.
  OpAnswer held(const OpPoint& boundary, double x, double y) const {
    const double roof = roof_ns(curve_.site, x, y, rates_);
    return {boundary.ns * roof / roof_ns(curve_.site, boundary.x, boundary.y, rates_),
            Answered::extrapolated};
  }

  // At an x at or outside the range of levels, of which `boundary` is the nearest.
  OpAnswer beyond(Level boundary, double x, double y) const {
    const OpAnswer there = along(boundary, y);
    const double edge = boundary.front().x;
    if (x == edge) return there;
    const double roof = roof_ns(curve_.site, x, y, rates_);
    return {there.ns * roof / roof_ns(curve_.site, edge, y, rates_), Answered::extrapolated};
  }

  OpAnswer blend(Level low, Level high, double x, double y) const {
    const OpAnswer a = along(low, y), b = along(high, y);
    const double share = (x - low.front().x) / (high.front().x - low.front().x);
    const Answered answered = worse(Answered::interpolated, worse(a.answered, b.answered));
    if (!find_table_op(curve_.site.op)->quadratic) return {between(a.ns, b.ns, share), answered};
    const double root = between(std::sqrt(a.ns), std::sqrt(b.ns), share);
    return {root * root, answered};
  }

  const OpCurve& curve_;
  const MachineRates& rates_;
};

}  // namespace

OpAnswer curve_time(const OpCurve& curve, const MachineRates& rates, double x, double y) {
  ensure(!curve.points.empty(), "a curve has a point");
  return Curve(curve, rates).at(x, y);
}

}  // namespace inferbench

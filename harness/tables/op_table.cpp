#include "harness/tables/op_table.hpp"

#include <algorithm>
#include <tuple>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

bool before(const OpPoint& a, const OpPoint& b) {
  return std::tie(a.x, a.y) < std::tie(b.x, b.y);
}

std::vector<OpCurve>::const_iterator lower_bound(const std::vector<OpCurve>& curves,
                                                 const OpSite& site) {
  return std::lower_bound(curves.begin(), curves.end(), site,
                          [](const OpCurve& c, const OpSite& s) { return c.site < s; });
}

}  // namespace

void check_origin(const TableOrigin& table, const TableOrigin& here, const std::string& place) {
  const auto differs = [&](const std::string& what, const std::string& there,
                           const std::string& now, const char* way_out) {
    if (there == now) return;
    throw Error(place, what + " of its times: " + there + "; of this run: " + now,
                "times of another machine, build or number of threads do not carry over", way_out);
  };
  const char* const again = "write another file with `inferbench calibrate` here";
  differs("processor", table.cpu, here.cpu, again);
  differs("instruction set", table.isa, here.isa, again);
  differs("compiler", table.compiler, here.compiler, again);
  differs("threads", std::to_string(table.threads), std::to_string(here.threads),
          "run with as many --threads, or calibrate another file with them");
  differs("ranks", std::to_string(table.ranks), std::to_string(here.ranks),
          "run with the same --parallel, or calibrate another file with it");
}

const OpCurve* OpTable::find(const OpSite& site) const {
  const auto at = lower_bound(curves, site);
  return at != curves.end() && at->site == site ? &*at : nullptr;
}

bool OpTable::has(const OpSite& site, double x, double y) const {
  const OpCurve* const curve = find(site);
  if (curve == nullptr) return false;
  return std::binary_search(curve->points.begin(), curve->points.end(), OpPoint{.x = x, .y = y},
                            before);
}

void OpTable::put(const OpSite& site, const OpPoint& point) {
  auto curve = curves.begin() + (lower_bound(curves, site) - curves.cbegin());
  if (curve == curves.end() || curve->site != site) curve = curves.insert(curve, {site, {}});
  std::vector<OpPoint>& points = curve->points;
  const auto at = std::lower_bound(points.begin(), points.end(), point, before);
  if (at != points.end() && !before(point, *at)) {
    *at = point;
  } else {
    points.insert(at, point);
  }
}

std::size_t OpTable::points() const {
  std::size_t count = 0;
  for (const OpCurve& curve : curves) count += curve.points.size();
  return count;
}

}  // namespace inferbench

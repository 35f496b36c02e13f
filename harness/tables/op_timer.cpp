#include "harness/tables/op_timer.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/tables/op_roof.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kNeighbours = 4;

struct Neighbour {
  const OpCurve* curve = nullptr;
  double distance = 0;  // squared, between logarithms of dimensions
};

double log_of(std::int64_t size) {
  return std::log(real(std::max<std::int64_t>(1, size)));
}

double squared_distance(const OpSite& a, const OpSite& b) {
  double sum = 0;
  for (const auto& [name, size] : a.dims) {
    const double apart = log_of(size) - log_of(b.dims.at(name));
    sum += apart * apart;
  }
  return sum;
}

std::vector<Neighbour> neighbours(const OpTable& table, const OpSite& site) {
  std::vector<Neighbour> all;
  for (const OpCurve& curve : table.curves) {
    if (curve.site.op != site.op || curve.site.format != site.format) continue;
    all.push_back({&curve, squared_distance(site, curve.site)});
  }
  return all;
}

// Whether every dimension lies in the range of those measured.
bool within(const OpSite& site, const std::vector<Neighbour>& measured) {
  return std::all_of(site.dims.begin(), site.dims.end(), [&](const auto& dim) {
    const auto size = [&](const Neighbour& n) { return n.curve->site.dims.at(dim.first); };
    const auto less = [&](const Neighbour& a, const Neighbour& b) { return size(a) < size(b); };
    const auto [least, most] = std::minmax_element(measured.begin(), measured.end(), less);
    return size(*least) <= dim.second && dim.second <= size(*most);
  });
}

}  // namespace

std::string_view name(Answered answered) {
  switch (answered) {
    case Answered::measured:
      return "measured";
    case Answered::interpolated:
      return "interpolated";
    case Answered::extrapolated:
      return "extrapolated";
    case Answered::roofline:
      break;
  }
  return "roofline";
}

OpAnswer RoofTimer::time(const OpSite& site, double x, double y) const {
  if (site.op == "host") return {0, Answered::roofline};
  return {roof_ns(site, x, y, rates_), Answered::roofline};
}

OpAnswer TableTimer::time(const OpSite& site, double x, double y) const {
  const OpCurve* const curve = table_.find(site);
  return curve ? curve_time(*curve, table_.rates, x, y) : borrowed(site, x, y);
}

OpAnswer TableTimer::borrowed(const OpSite& site, double x, double y) const {
  std::vector<Neighbour> near = neighbours(table_, site);
  if (near.empty()) {
    throw Error(
        "op table", "holds no " + site.op + " in " + site.format + ", which a step takes",
        "utilisation is borrowed from other sizes of the same op and format, not from other ops",
        "inferbench calibrate with the model, --weights and --kv-format of the run");
  }
  Answered answered = within(site, near) ? Answered::interpolated : Answered::extrapolated;
  std::sort(near.begin(), near.end(),
            [](const Neighbour& a, const Neighbour& b) { return a.distance < b.distance; });
  near.resize(std::min(near.size(), kNeighbours));
  double weights = 0, sum = 0;
  for (const Neighbour& n : near) {
    const OpAnswer there = curve_time(*n.curve, table_.rates, x, y);
    const double utilisation = roof_ns(n.curve->site, x, y, table_.rates) / there.ns;
    const double weight = 1 / std::max(n.distance, 1e-12);
    weights += weight;
    sum += weight * std::log(utilisation);
    answered = std::max(answered, there.answered);
  }
  if (answered == Answered::measured) answered = Answered::interpolated;
  return {roof_ns(site, x, y, table_.rates) / std::exp(sum / weights), answered};
}

}  // namespace inferbench

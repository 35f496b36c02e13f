#include "harness/kernel_times/series_model.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct WeightedLog {
  double value = 0, weight = 0;
};

double weighted_mean(const std::vector<WeightedLog>& logs) {
  double sum = 0, weights = 0;
  for (const WeightedLog& log : logs) sum += log.weight * log.value, weights += log.weight;
  return sum / weights;
}

// The first, in order of size, with which half of the weight is reached.
double weighted_median(std::vector<WeightedLog>& logs) {
  std::sort(logs.begin(), logs.end(),
            [](const WeightedLog& a, const WeightedLog& b) { return a.value < b.value; });
  double half = 0, reached = 0;
  for (const WeightedLog& log : logs) half += log.weight / 2;
  for (const WeightedLog& log : logs) {
    reached += log.weight;
    if (reached >= half) return log.value;
  }
  return logs.back().value;
}

}  // namespace

SeriesModel::SeriesModel(KernelTable table, std::size_t series)
    : table_(std::move(table)),
      series_(series),
      format_(format_traits(table_.text(record().format))),
      curves_(record().sites) {
  features_.reserve(record().sites);
  for (const SiteRecord& site : sites()) features_.push_back(site_features(op(), site.dims));
}

CurveSite SeriesModel::curve_site(const KernelDims& dims) const {
  return {op(), format_,           table_.machines()[record().machine],
          dims, record().floor_ns, record().stretch};
}

const TimeCurve& SeriesModel::curve(std::size_t site) const {
  const std::lock_guard lock(mutex_);
  if (!curves_[site]) {
    const SiteRecord& record = sites()[site];
    curves_[site] = std::make_unique<TimeCurve>(curve_site(record.dims), table_.rows(record));
  }
  return *curves_[site];
}

std::vector<SeriesModel::Neighbour> SeriesModel::nearest(const KernelDims& dims,
                                                         const BorrowRule& rule,
                                                         const Usable& usable) const {
  const SiteFeatures wanted = site_features(op(), dims);
  std::vector<Neighbour> all;
  all.reserve(features_.size());
  for (std::size_t i = 0; i < features_.size(); ++i) {
    if (usable && !usable(i)) continue;
    double distance = category_distance(op(), dims, sites()[i].dims);
    for (std::size_t f = 0; f < wanted.size(); ++f) {
      const double apart = wanted[f] - features_[i][f];
      distance += rule.weights[f] * apart * apart;
    }
    all.push_back({i, distance});
  }
  const std::size_t count = std::min(rule.neighbours, all.size());
  // Of equally near ones the first in the table.
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                    [](const Neighbour& a, const Neighbour& b) {
                      return a.distance != b.distance ? a.distance < b.distance : a.site < b.site;
                    });
  all.resize(count);
  return all;
}

double SeriesModel::borrowed_ns(const CurveSite& site, const BorrowRule& rule,
                                std::span<const Neighbour> neighbours, double x, double y) const {
  constexpr double kNearest = 1e-3;  // no neighbour outweighs the others without bound
  std::vector<WeightedLog> logs;
  logs.reserve(neighbours.size());
  for (const Neighbour& n : neighbours) {
    const TimeCurve& there = curve(n.site);
    const double at = x * shift_factor(rule.shift, site.dims, there.site().dims);
    logs.push_back({std::log(there.at(at, y).ns / there.site().bound_ns(at, y)),
                    1 / std::max(n.distance, kNearest)});
  }
  ensure(!logs.empty(), "utilisation is borrowed from somewhere");
  return site.bound_ns(x, y) * std::exp(rule.median ? weighted_median(logs) : weighted_mean(logs));
}

TimeCurve SeriesModel::borrowed_curve(const KernelDims& dims, const BorrowRule& rule,
                                      std::span<const Neighbour> neighbours) const {
  constexpr std::size_t kGrids = 2;
  std::set<std::pair<double, double>> grid;  // (y, x)
  for (std::size_t i = 0; i < std::min(kGrids, neighbours.size()); ++i) {
    curve(neighbours[i].site).visit([&](const TimeCurve::Point& point, double y) {
      grid.emplace(y, point.x);
    });
  }
  TimeCurve borrowed(curve_site(dims));
  for (const auto& [y, x] : grid) {
    borrowed.add(x, y, borrowed_ns(borrowed.site(), rule, neighbours, x, y));
  }
  return borrowed;
}

}  // namespace inferbench

#include "harness/kernel_times/learn.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/parallel_for.hpp"
#include "harness/base/random.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr std::uint64_t kParts = 5;
constexpr std::size_t kRuleRows = 2500, kBandRows = 6000;  // of a series, looked at
constexpr std::size_t kEnough = 40;                        // residuals of a band
constexpr double kLow = 5, kHigh = 95;

using Residuals = std::vector<double>;  // log(measured / answered)
using KindResiduals = std::array<std::array<Residuals, kBandDistances>, kBandSizes>;

std::uint64_t draw(std::uint64_t seed, std::string_view purpose, std::uint64_t of) {
  RandomStream stream = Random(seed).stream(purpose).at(of);
  return stream.bits();
}

std::uint64_t part_of(std::uint64_t seed, KernelOp op, const KernelDims& dims) {
  return draw(seed, "kernel table parts", shape_group(op, dims)) % kParts;
}

// Whether a row is looked at, of a series of so many.
bool looked_at(std::uint64_t seed, std::size_t row, std::size_t rows, std::size_t wanted) {
  if (rows <= wanted) return true;
  return draw(seed, "kernel table rows", row) % rows < wanted;
}

class Learner {
 public:
  Learner(const SeriesModel& model, std::uint64_t seed) : model_(model), seed_(seed) {
    for (const SiteRecord& site : model.sites()) {
      parts_.push_back(part_of(seed, model.op(), site.dims));
      rows_ += site.rows;
    }
  }

  SeriesRecord learn() {
    SeriesRecord record = model_.record();
    record.rule = best_rule();
    record.learnt = 1;
    std::array<KindResiduals, kBandKinds> residuals;
    borrow_all(borrow_rules(model_.op())[record.rule], kBandRows,
               residuals[static_cast<std::size_t>(BandKind::borrowed)]);
    leave_out_points(residuals);
    for (std::size_t kind = 0; kind < kBandKinds; ++kind) fill(record.bands[kind], residuals[kind]);
    return record;
  }

 private:
  std::uint32_t best_rule() const {
    const std::vector<BorrowRule>& rules = borrow_rules(model_.op());
    std::uint32_t best = 0;
    double least = 0;
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
      KindResiduals residuals;
      borrow_all(rules[i], kRuleRows, residuals);
      const double score = score_of(residuals);
      if (i == 0 || score < least) best = i, least = score;
    }
    return best;
  }

  // Median and a part of the tail: a rule must not be bought with outliers.
  static double score_of(const KindResiduals& residuals) {
    constexpr double kTail = 90, kTailWeight = 0.15, kMedian = 50;
    std::vector<double> all;
    for (const auto& of_size : residuals) {
      for (const Residuals& of : of_size) {
        for (const double residual : of) all.push_back(std::abs(residual));
      }
    }
    if (all.empty()) return 0;
    const std::array<double, 2> wanted = {kMedian, kTail};
    const std::vector<double> at = percentiles(all, wanted);
    return at[0] + kTailWeight * at[1];
  }

  void borrow_all(const BorrowRule& rule, std::size_t wanted, KindResiduals& residuals) const {
    const auto sites = model_.sites();
    std::size_t row_number = 0;
    for (std::size_t i = 0; i < sites.size(); ++i) {
      const auto neighbours = model_.nearest(sites[i].dims, rule, [&](std::size_t other) {
        return other != i && parts_[other] != parts_[i];
      });
      const CurveSite site = model_.curve_site(sites[i].dims);
      for (const RowRecord& row : model_.table().rows(sites[i])) {
        if (neighbours.empty() || !looked_at(seed_, row_number++, rows_, wanted)) continue;
        const double ns = model_.borrowed_ns(site, rule, neighbours, row.x, row.y);
        residuals[band_size(ns, site.floor_ns)][band_distance(neighbours.front().distance)]
            .push_back(std::log(row.ns / ns));
      }
    }
  }

  // A fifth of the points of every curve, and what lies beyond a quarter of its sizes.
  void leave_out_points(std::array<KindResiduals, kBandKinds>& residuals) const {
    const auto sites = model_.sites();
    std::size_t first = 0;
    for (const SiteRecord& site : sites) {
      const auto rows = model_.table().rows(site);
      if (looked_at(seed_, first, rows_, kBandRows * rows.size())) {
        without(site, residuals, [&](std::size_t i) {
          return draw(seed_, "kernel table points", first + i) % kParts == 0;
        });
        double x = 0, y = 0;
        for (const RowRecord& row : rows) {
          x = std::max(x, row.x);
          y = std::max(y, static_cast<double>(row.y));
        }
        constexpr double kQuarter = 0.25;
        without(site, residuals, [&](std::size_t i) {
          return rows[i].x > kQuarter * x || (y > 0 && rows[i].y > kQuarter * y);
        });
      }
      first += rows.size();
    }
  }

  template <class Left>
  void without(const SiteRecord& site, std::array<KindResiduals, kBandKinds>& residuals,
               const Left& left) const {
    const auto rows = model_.table().rows(site);
    TimeCurve curve(model_.curve_site(site.dims));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!left(i)) curve.add(rows[i].x, rows[i].y, rows[i].ns);
    }
    if (curve.empty()) return;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!left(i)) continue;
      const CurveAnswer answer = curve.at(rows[i].x, rows[i].y);
      const BandKind kind = answer.reach == Reach::beyond ? BandKind::held : BandKind::interpolated;
      residuals[static_cast<std::size_t>(kind)][band_size(answer.ns, curve.site().floor_ns)][0]
          .push_back(std::log(rows[i].ns / answer.ns));
    }
  }

  static BandRecord band_of(Residuals residuals) {
    if (residuals.size() < kEnough) return {};
    const auto samples = static_cast<std::uint32_t>(residuals.size());
    const std::array<double, 2> wanted = {kLow, kHigh};
    const std::vector<double> at = percentiles(residuals, wanted);
    return {static_cast<float>(at[0]), static_cast<float>(at[1]), samples};
  }

  // Where a class has few residuals, those of all sizes stand for it, then those of the kind.
  static void fill(BandRecord (&bands)[kBandSizes][kBandDistances],
                   const KindResiduals& residuals) {
    Residuals of_kind;
    std::array<Residuals, kBandDistances> of_distance;
    for (const auto& of_size : residuals) {
      for (std::size_t d = 0; d < kBandDistances; ++d) {
        of_distance[d].insert(of_distance[d].end(), of_size[d].begin(), of_size[d].end());
        of_kind.insert(of_kind.end(), of_size[d].begin(), of_size[d].end());
      }
    }
    const BandRecord whole = band_of(of_kind);
    for (std::size_t s = 0; s < kBandSizes; ++s) {
      for (std::size_t d = 0; d < kBandDistances; ++d) {
        bands[s][d] = band_of(residuals[s][d]);
        if (bands[s][d].samples == 0) bands[s][d] = band_of(of_distance[d]);
        if (bands[s][d].samples == 0) bands[s][d] = whole;
      }
    }
  }

  const SeriesModel& model_;
  std::uint64_t seed_;
  std::vector<std::uint64_t> parts_;  // by site
  std::size_t rows_ = 0;
};

}  // namespace

SeriesRecord learnt(const SeriesModel& model, std::uint64_t seed) {
  return Learner(model, seed).learn();
}

KernelTable learn(const KernelTable& table, std::uint64_t seed) {
  std::vector<SeriesRecord> series(table.series().begin(), table.series().end());
  parallel_for(series.size(), 0,
               [&](std::size_t i) { series[i] = learnt(SeriesModel(table, i), seed); });
  return with_series(table, series);
}

std::uint64_t shape_group(KernelOp op, const KernelDims& dims) {
  // Of a layer of experts: hidden, inter, top_k and experts, not the parallelism or the routing.
  constexpr std::size_t kMoeShape = 4;
  const std::size_t of = op == KernelOp::moe ? kMoeShape : kKernelDims;
  constexpr std::uint64_t kFnvBasis = 14'695'981'039'346'656'037U, kFnvPrime = 1'099'511'628'211U;
  std::uint64_t hash = kFnvBasis;
  for (std::size_t i = 0; i < of; ++i) {
    hash = (hash ^ static_cast<std::uint32_t>(dims[i])) * kFnvPrime;
  }
  return hash;
}

std::size_t band_size(double ns, double floor_ns) {
  constexpr double kNear = 3, kFar = 20;
  return ns < kNear * floor_ns ? 0 : ns < kFar * floor_ns ? 1 : 2;
}

std::size_t band_distance(double squared) {
  constexpr double kNear = 0.25, kFar = 1;
  return squared < kNear ? 0 : squared < kFar ? 1 : 2;
}

}  // namespace inferbench

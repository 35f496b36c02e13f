#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "harness/kernel_times/borrow_rule.hpp"
#include "harness/kernel_times/time_curve.hpp"

namespace inferbench {

// One series of a table as curves, and what its other sites say of a site it does not hold.
class SeriesModel {
 public:
  SeriesModel(KernelTable table, std::size_t series);

  const SeriesRecord& record() const { return table_.series()[series_]; }
  const KernelTable& table() const { return table_; }
  KernelOp op() const { return static_cast<KernelOp>(record().op); }
  std::span<const SiteRecord> sites() const { return table_.sites(record()); }
  CurveSite curve_site(const KernelDims& dims) const;
  // Of the site's rows; made when first asked for. Safe from several threads.
  const TimeCurve& curve(std::size_t site) const;

  struct Neighbour {
    std::size_t site = 0;
    double distance = 0;  // squared
  };
  using Usable = std::function<bool(std::size_t site)>;
  // Nearest first; sites that are not usable do not exist.
  std::vector<Neighbour> nearest(const KernelDims& dims, const BorrowRule& rule,
                                 const Usable& usable = {}) const;

  // The bound over the mean (or median) of the neighbours' utilisations: in the logarithm, weighted
  // by the inverse squared distance. At least one neighbour.
  double borrowed_ns(const CurveSite& site, const BorrowRule& rule,
                     std::span<const Neighbour> neighbours, double x, double y) const;
  // The same at the points that the nearest two have.
  TimeCurve borrowed_curve(const KernelDims& dims, const BorrowRule& rule,
                           std::span<const Neighbour> neighbours) const;

 private:
  KernelTable table_;
  std::size_t series_;
  FormatTraits format_;
  std::vector<SiteFeatures> features_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<TimeCurve>> curves_;
};

}  // namespace inferbench

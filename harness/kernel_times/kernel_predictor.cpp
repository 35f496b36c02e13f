#include "harness/kernel_times/kernel_predictor.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/kernel_times/learn.hpp"

namespace inferbench {
namespace {

// Where a point was measured once: the noise of measuring it again (two passes of one grid of
// NCCL's differ by 0.7 % at the median and 4.7 % at the 90th percentile).
constexpr double kMeasuredBand = 0.03;
// As logarithms, where no table tells: H100's kernels as A100's, and the roof alone.
constexpr double kTransferLow = -0.35, kTransferHigh = 0.40;
constexpr double kFrameworkLow = -0.6, kFrameworkHigh = 0.6;
constexpr double kRoofLow = -0.7, kRoofHigh = 1.1;
constexpr double kUnlearntBand = 0.25;

constexpr double kRoofShare = 0.8;
constexpr double kKernelFloor = 3000, kCollectiveFloor = 10'000;  // ns

std::string text_of_series(const SeriesModel& model) {
  const SeriesRecord& record = model.record();
  const KernelTable& table = model.table();
  std::string text(table.machine_name(record));
  for (const std::uint32_t part : {record.framework, record.version}) {
    if (!table.text(part).empty()) text += " " + std::string(table.text(part));
  }
  return text;
}

// "1.10.0" is newer than "1.9.2": numbers compare as numbers.
bool older(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    std::uint64_t left = 0, right = 0;
    constexpr std::uint64_t kTen = 10;
    while (i < a.size() && digit(a[i]))
      left = left * kTen + static_cast<std::uint64_t>(a[i++] - '0');
    while (j < b.size() && digit(b[j]))
      right = right * kTen + static_cast<std::uint64_t>(b[j++] - '0');
    if (left != right) return left < right;
  }
  return a.size() - i < b.size() - j;
}

struct SiteCurve {
  TimeCurve curve;
  KernelSource base;
  std::size_t distance;
};

// The series' own answer for a site on its own machine.
SiteCurve curve_of(const SeriesModel& model, const KernelDims& dims) {
  if (const SiteRecord* const site = model.table().find(model.record(), dims)) {
    return {model.curve(static_cast<std::size_t>(site - model.sites().data())),
            KernelSource::measured, 0};
  }
  const BorrowRule& rule = borrow_rules(model.op())[model.record().rule];
  const auto neighbours = model.nearest(dims, rule);
  return {model.borrowed_curve(dims, rule, neighbours), KernelSource::borrowed,
          band_distance(neighbours.front().distance)};
}

// What is beyond the launch grows with the roofs. The floor stays: it is the host's and the
// driver's as much as the GPU's. Squares let the longer of the two count.
double transferred_ns(double ns, const CurveSite& from, const CurveSite& to, double x, double y) {
  const double roof = from.roof_ns(x, y);
  if (roof <= 0) return ns;
  const double floor = std::min(from.floor_ns, ns);
  const double work = std::sqrt(ns * ns - floor * floor);
  return std::hypot(floor, work * to.roof_ns(x, y) / roof);
}

TimeCurve transferred_curve(const TimeCurve& there, const MachineRecord& machine) {
  CurveSite site = there.site();
  site.machine = machine;
  TimeCurve here(site);
  there.visit([&](const TimeCurve::Point& point, double y) {
    here.add(point.x, y, transferred_ns(point.ns, there.site(), site, point.x, y));
  });
  return here;
}

std::string_view other_16_bit(std::string_view format) {
  return format == "bf16" ? "fp16" : format == "fp16" ? "bf16" : "";
}

}  // namespace

std::string_view name(KernelSource source) {
  switch (source) {
    case KernelSource::measured:
      return "measured";
    case KernelSource::interpolated:
      return "interpolated";
    case KernelSource::held:
      return "held";
    case KernelSource::borrowed:
      return "borrowed";
    case KernelSource::other_framework:
      return "other framework";
    case KernelSource::transferred:
      return "transferred";
    case KernelSource::first_principles:
      break;
  }
  return "first principles";
}

SiteTimes::SiteTimes(TimeCurve curve, KernelSource base, std::shared_ptr<const SeriesModel> series,
                     std::size_t distance, std::string from)
    : curve_(std::move(curve)),
      base_(base),
      series_(std::move(series)),
      distance_(distance),
      from_(std::move(from)) {}

KernelAnswer SiteTimes::banded(double ns, KernelSource source, float spread) const {
  double low = -kUnlearntBand, high = kUnlearntBand;
  if (source == KernelSource::measured) {
    const double band = std::max(kMeasuredBand, static_cast<double>(spread) / 2);
    return {ns, ns * (1 - std::min(band, 0.5)), ns * (1 + band), source};
  }
  if (source == KernelSource::transferred) low = kTransferLow, high = kTransferHigh;
  if (source == KernelSource::other_framework) low = kFrameworkLow, high = kFrameworkHigh;
  if (source == KernelSource::first_principles) low = kRoofLow, high = kRoofHigh;
  if (series_ && source <= KernelSource::borrowed) {
    const BandKind kind = source == KernelSource::borrowed ? BandKind::borrowed
                          : source == KernelSource::held   ? BandKind::held
                                                           : BandKind::interpolated;
    const BandRecord& band = series_->record().bands[static_cast<std::size_t>(kind)][band_size(
        ns, curve_.site().floor_ns)][distance_];
    if (band.samples > 0) low = band.low, high = band.high;
  }
  return {ns, ns * std::exp(low), ns * std::exp(high), source};
}

KernelAnswer SiteTimes::at(double x, double y) const {
  if (base_ == KernelSource::first_principles) {
    return banded(curve_.site().bound_ns(x, y), base_, 0);
  }
  const CurveAnswer answer = curve_.at(x, y);
  KernelSource source = base_;
  if (base_ == KernelSource::measured && answer.reach != Reach::exact) {
    source = answer.reach == Reach::between ? KernelSource::interpolated : KernelSource::held;
  }
  return banded(answer.ns, source, answer.spread);
}

KernelAnswer SiteTimes::chunk(double requests, double new_tokens, double cached) const {
  const double all = cached + new_tokens;
  KernelAnswer whole = at(requests, all);
  if (cached <= 0) return whole;
  const double share = 1 - cached * cached / (all * all);
  const double ns = std::max(curve_.site().floor_ns, whole.ns * share);
  const KernelSource source = std::max(whole.source, KernelSource::interpolated);
  return {ns, whole.low_ns * ns / whole.ns, whole.high_ns * ns / whole.ns, source};
}

KernelPredictor::KernelPredictor(const std::vector<KernelTable>& tables, KernelTarget target)
    : target_(std::move(target)) {
  for (const KernelTable& table : tables) {
    for (std::size_t i = 0; i < table.series().size(); ++i) {
      series_.push_back(std::make_shared<SeriesModel>(table, i));
    }
  }
}

std::vector<KernelPredictor::Found> KernelPredictor::series_of(KernelOp op,
                                                               std::string_view format) const {
  std::vector<Found> found;
  for (const auto& model : series_) {
    const SeriesRecord& record = model->record();
    const KernelTable& table = model->table();
    if (model->op() != op || table.text(record.format) != format) continue;
    if (!target_.version.empty() && table.text(record.framework) == target_.framework &&
        table.text(record.version) != target_.version) {
      continue;
    }
    found.push_back(
        {model, table.machine_name(record) == target_.machine.name,
         target_.framework.empty() || table.text(record.framework) == target_.framework});
  }
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    if (a.same_machine != b.same_machine) return a.same_machine;
    if (a.same_framework != b.same_framework) return a.same_framework;
    const auto version = [](const Found& f) {
      return f.model->table().text(f.model->record().version);
    };
    const auto framework = [](const Found& f) {
      return f.model->table().text(f.model->record().framework);
    };
    if (framework(a) != framework(b)) return framework(a) < framework(b);
    return older(version(b), version(a));
  });
  return found;
}

std::unique_ptr<SiteTimes> KernelPredictor::resolve(KernelOp op, std::string_view format,
                                                    const KernelDims& dims) const {
  std::vector<Found> found = series_of(op, format);
  if (found.empty()) found = series_of(op, other_16_bit(format));
  if (found.empty()) {
    const double floor = info(op).collective ? kCollectiveFloor : kKernelFloor;
    return std::make_unique<SiteTimes>(
        TimeCurve({op, format_traits(format), target_.machine.rates, dims, floor, 1 / kRoofShare}),
        KernelSource::first_principles, nullptr, 0, "no table");
  }
  // Rows of the site itself, where any of the machine's series has them.
  const auto has_rows = [&](const Found& f) {
    return f.same_machine && f.same_framework == found.front().same_framework &&
           f.model->table().find(f.model->record(), dims) != nullptr;
  };
  auto best = std::find_if(found.begin(), found.end(), has_rows);
  if (best == found.end()) best = found.begin();
  SiteCurve there = curve_of(*best->model, dims);
  const std::string from = text_of_series(*best->model);
  if (best->same_machine) {
    const KernelSource base = best->same_framework ? there.base : KernelSource::other_framework;
    return std::make_unique<SiteTimes>(std::move(there.curve), base, best->model, there.distance,
                                       from);
  }
  return std::make_unique<SiteTimes>(transferred_curve(there.curve, target_.machine.rates),
                                     KernelSource::transferred, best->model, there.distance, from);
}

const SiteTimes& KernelPredictor::site(KernelOp op, std::string_view format,
                                       const KernelDims& dims) const {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<SiteTimes>& times = sites_[Key{op, std::string(format), dims}];
  if (!times) times = resolve(op, format, dims);
  return *times;
}

}  // namespace inferbench

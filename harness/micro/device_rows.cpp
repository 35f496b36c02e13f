#include "harness/micro/device_rows.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/stats/percentile.hpp"
#include "harness/stats/visits.hpp"

namespace inferbench {
namespace {

constexpr int kReplays = 7;
constexpr double kGapNs = 2'000, kGapShare = 0.1;  // beyond: bound by launches
constexpr std::size_t kFewestForMedian = 3;

double row_median(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

template <class Field>
std::vector<double> column(const std::vector<TracedSample>& samples, Field field) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const TracedSample& sample : samples) values.push_back(sample.*field);
  return values;
}

RowDevice::Kernel row_kernel(const TracedKernel& kernel) {
  RowDevice::Kernel out{.name = kernel.name,
                        .launches = kernel.launches,
                        .median_ns = kernel.median_ns,
                        .registers = kernel.registers,
                        .shared_bytes = kernel.shared_bytes};
  std::copy(std::begin(kernel.grid), std::end(kernel.grid), out.grid.begin());
  std::copy(std::begin(kernel.block), std::end(kernel.block), out.block.begin());
  return out;
}

}  // namespace

void DeviceRows::replay(BoundCase& bound) {
  for (const DeviceWork& work : bound.device_work()) {
    HotReplay hot(*device_->timer, *work.kernel);
    std::vector<double>& times = seen_[work.implementation->name].graph_ns;
    try {
      hot.sample();  // captures the graph
      for (int i = 0; i < kReplays; ++i) times.push_back(hot.sample());
    } catch (const Failure&) {
      // What cannot be captured has no hot time; a device that failed will say so again.
      times.clear();
    }
  }
  keep_clocks();
}

void DeviceRows::keep_clocks() {
  const std::vector<double> clocks = device_->timer->take_clocks_hz();
  clocks_hz_.insert(clocks_hz_.end(), clocks.begin(), clocks.end());
}

void DeviceRows::trace(BoundCase& bound, WindowTracer& tracer, std::size_t samples) {
  ++windows_;
  for (const DeviceWork& work : bound.device_work()) {
    Seen& seen = seen_[work.implementation->name];
    device_->timer->take_clocks_hz();
    TracedWindow window = tracer.window(
        {.name = work.implementation->name.c_str(), .prepare = work.prepare, .launch = work.launch},
        samples);
    seen.invalid += window.counts.invalid;
    seen.lost += window.counts.lost;
    for (const double clock : device_->timer->take_clocks_hz()) seen.clocks_hz.push_back(clock);
    if (!window.refused.empty()) {
      seen.refused = window.refused;
      continue;
    }
    for (const TracedSample& sample : window.samples) {
      seen.samples.push_back(sample);
      seen.visits.push_back(windows_);
    }
    seen.kernels = std::move(window.kernels);
  }
}

void DeviceRows::fill(KernelRow& row, bool traced) const {
  if (!row.timing) return;
  RowDevice out;
  out.name = device_->name;
  out.timer = row.cache == "hot" ? "graph" : "events";
  out.event_ns = row.timing->median_ns;
  out.event_samples_ns = row.timing->device_ns;
  const auto found = seen_.find(row.implementation);
  const Seen seen = found == seen_.end() ? Seen{} : found->second;
  if (!seen.graph_ns.empty()) out.graph_ns = row_median(seen.graph_ns);
  const std::vector<double>& clocks = seen.clocks_hz.empty() ? clocks_hz_ : seen.clocks_hz;
  if (clocks.size() >= kFewestForMedian) out.clock_hz = row_median(clocks);
  out.invalid_records = seen.invalid;
  out.lost_records = seen.lost;
  for (const TracedKernel& kernel : seen.kernels) out.kernels.push_back(row_kernel(kernel));
  if (seen.samples.empty()) {
    out.fallback = !device_->untraceable.empty() ? device_->untraceable
                   : !seen.refused.empty()       ? seen.refused
                   : traced                      ? "the budget was spent before it was traced"
                                                 : "not asked for";
    row.device = std::move(out);
    return;
  }
  out.span_ns = row_median(column(seen.samples, &TracedSample::span_ns));
  out.busy_ns = row_median(column(seen.samples, &TracedSample::busy_ns));
  out.traced_event_ns = row_median(column(seen.samples, &TracedSample::event_ns));
  if (out.timer == "events") {
    out.gap_ns = *out.event_ns - *out.span_ns;
    out.tracing_tax = *out.traced_event_ns / *out.event_ns - 1;
    out.launch_bound = *out.gap_ns > std::max(kGapNs, kGapShare * *out.span_ns);
    out.timer = "cupti_span";
    make_headline(row, seen);
  }
  row.device = std::move(out);
}

void DeviceRows::make_headline(KernelRow& row, const Seen& seen) {
  RowTiming& timing = *row.timing;
  timing.device_ns = column(seen.samples, &TracedSample::span_ns);
  const Interval interval =
      visited_median(timing.device_ns, seen.visits, {.confidence = timing.confidence});
  timing.median_ns = row_median(timing.device_ns);
  timing.low_ns = interval.low;
  timing.high_ns = interval.high;
  timing.visits = seen.visits.back();
}

}  // namespace inferbench

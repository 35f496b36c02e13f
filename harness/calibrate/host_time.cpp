#include "harness/calibrate/host_time.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "harness/base/real.hpp"
#include "harness/calibrate/skew.hpp"
#include "harness/measured/cpu_system.hpp"
#include "harness/measured/step_log.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/stats/bootstrap.hpp"
#include "harness/stats/percentile.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kInput = 8, kOutput = 12, kBursts = 9;

// Requests that arrive together, again and again, each time when the last ones have long ended.
std::shared_ptr<const Workload> bursts(std::int64_t requests) {
  auto workload = std::make_shared<Workload>();
  workload->name = "bursts";
  workload->source = "requests that arrive together";
  for (std::int64_t i = 0; i < kBursts * requests; ++i) {
    Request request;
    request.id = RequestId{static_cast<std::uint32_t>(i)};
    request.session = SessionId{static_cast<std::uint32_t>(i)};
    request.arrival = Time(std::chrono::hours(i / requests));
    request.input = Tokens(kInput);
    request.output = request.max_output = Tokens(kOutput);
    workload->requests.push_back(std::move(request));
  }
  return workload;
}

// Host times of steps in which none of so many requests starts, and of those in which all do.
struct HostSamples {
  std::vector<double> running, starting;
};

HostSamples host_samples(const CpuSetup& setup, std::int64_t batch) {
  StepLog log;
  CpuSetup logged = setup;
  logged.serving.observer = &log;
  CpuSystem system(logged, Tokens(0));
  const auto source = open_source(bursts(batch), WorkloadOptions{});
  RecordList records;
  system.serve(*source, records);
  HostSamples samples;
  for (const ExecutedStep& step : log.steps()) {
    const auto starts = std::count_if(step.items.begin(), step.items.end(),
                                      [](const BatchItem& i) { return i.starts; });
    if (step.items.size() != static_cast<std::size_t>(batch)) continue;
    const double host = real(step.timing.parts.host.count());
    if (starts == 0) samples.running.push_back(host);
    if (starts == batch) samples.starting.push_back(host);
  }
  return samples;
}

void add_point(std::vector<OpPoint>& points, Skew& skew, double requests, double starting,
               std::vector<double> times) {
  if (times.size() < 3) return;
  const Interval interval = bootstrap_median(times);
  const double middle = 50;
  OpPoint point{.x = requests, .y = starting, .samples = times.size()};
  point.ns = std::max(1.0, percentiles(times, std::span(&middle, 1)).front());
  point.low_ns = std::clamp(interval.low, 1.0, point.ns);
  point.high_ns = std::max(interval.high, point.ns);
  skew.add(times, point.ns);
  points.push_back(point);
}

}  // namespace

std::vector<OpPoint> host_times(const CpuSetup& setup, const std::vector<std::int64_t>& batches,
                                const std::function<bool()>& interrupted) {
  std::vector<OpPoint> points;
  Skew skew;
  for (const std::int64_t batch : batches) {
    if (interrupted && interrupted()) break;
    HostSamples samples = host_samples(setup, batch);
    add_point(points, skew, real(batch), 0, std::move(samples.running));
    add_point(points, skew, real(batch), real(batch), std::move(samples.starting));
  }
  for (OpPoint& point : points) skew.apply(point);
  return points;
}

}  // namespace inferbench

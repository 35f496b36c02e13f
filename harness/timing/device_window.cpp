#include "harness/timing/device_window.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "harness/base/error.hpp"
#include "harness/stats/percentile.hpp"
#include "harness/timing/nvtx.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Clock::duration kLongestWait = 2s;
// A device's times are converted to the host's clock, and may be off by some microseconds.
constexpr std::uint64_t kClockSkew = 1'000'000;  // ns

std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
          .count());
}

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

// One sample's range, for the device's records and for profilers.
class SampleRange {
 public:
  SampleRange(DeviceTrace& trace, std::uint64_t id, const char* name) : trace_(trace), nvtx_(name) {
    trace_.push(id);
  }
  ~SampleRange() { trace_.pop(); }
  SampleRange(const SampleRange&) = delete;
  SampleRange& operator=(const SampleRange&) = delete;

 private:
  DeviceTrace& trace_;
  NvtxRange nvtx_;
};

using Records = std::vector<const DeviceRecord*>;  // of one sample, by start

TracedSample timed(const Records& records) {
  TracedSample sample;
  std::uint64_t until = 0, busy = 0;
  for (const DeviceRecord* record : records) {
    busy += record->end - std::min(record->end, std::max(record->start, until));
    until = std::max(until, record->end);
  }
  sample.span_ns = static_cast<double>(until - records.front()->start);
  sample.busy_ns = static_cast<double>(busy);
  return sample;
}

std::vector<std::string> sorted_names(const Records& records) {
  std::vector<std::string> names;
  names.reserve(records.size());
  for (const DeviceRecord* record : records) names.push_back(record->name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<TracedKernel> kernels_of(const std::vector<Records>& samples) {
  std::vector<TracedKernel> kernels;
  std::map<std::string, std::vector<double>> times;
  for (const DeviceRecord* record : samples.front()) {
    if (!times.try_emplace(record->name).second) continue;
    TracedKernel kernel{
        .name = record->name, .registers = record->registers, .shared_bytes = record->shared_bytes};
    std::copy(std::begin(record->grid), std::end(record->grid), kernel.grid);
    std::copy(std::begin(record->block), std::end(record->block), kernel.block);
    kernels.push_back(std::move(kernel));
  }
  for (const Records& records : samples) {
    for (const DeviceRecord* record : records) {
      times[record->name].push_back(static_cast<double>(record->end - record->start));
    }
  }
  for (TracedKernel& kernel : kernels) {
    const std::vector<double>& of_kernel = times[kernel.name];
    kernel.launches = static_cast<std::int64_t>(of_kernel.size() / samples.size());
    kernel.median_ns = median_of(of_kernel);
  }
  return kernels;
}

TracedWindow refused(std::string why) {
  TracedWindow window;
  window.refused = std::move(why);
  return window;
}

bool complete(const std::vector<DeviceRecord>& records, std::uint64_t first_id, std::size_t count) {
  std::vector<bool> seen(count);
  for (const DeviceRecord& record : records) {
    if (record.id >= first_id && record.id - first_id < count) seen[record.id - first_id] = true;
  }
  return std::all_of(seen.begin(), seen.end(), [](bool s) { return s; });
}

}  // namespace

TracedWindow join_window(const std::vector<DeviceRecord>& records, std::uint64_t first_id,
                         std::size_t count, std::uint64_t begin_ns) {
  std::vector<Records> samples(count);
  for (const DeviceRecord& record : records) {
    if (record.id < first_id || record.id - first_id >= count) continue;
    if (record.start < begin_ns) {
      return refused("a record of " + record.name + " begins before its window");
    }
    samples[record.id - first_id].push_back(&record);
  }
  std::size_t silent = 0;
  for (Records& of_sample : samples) {
    silent += of_sample.empty() ? 1 : 0;
    std::stable_sort(
        of_sample.begin(), of_sample.end(),
        [](const DeviceRecord* a, const DeviceRecord* b) { return a->start < b->start; });
  }
  if (silent > 0) {
    return refused(std::to_string(silent) + " of " + std::to_string(count) +
                   " samples have no record of a kernel");
  }
  TracedWindow window;
  if (samples.empty()) return window;
  const std::vector<std::string> names = sorted_names(samples.front());
  for (const Records& of_sample : samples) {
    if (sorted_names(of_sample) != names) return refused("samples ran different kernels");
    window.samples.push_back(timed(of_sample));
  }
  window.kernels = kernels_of(samples);
  return window;
}

TracedWindow WindowTracer::window(const TracedWork& work, std::size_t count) {
  TracedWindow first = attempt(work, count);
  return first.refused.empty() ? first : attempt(work, count);
}

TracedWindow WindowTracer::attempt(const TracedWork& work, std::size_t count) {
  timer_.queue().synchronise();
  trace_.take();  // of what came before
  const DeviceTraceCounts before = trace_.counts();
  const std::uint64_t first_id = next_id_, begin_ns = steady_ns() - kClockSkew;
  next_id_ += count;
  std::vector<double> event_ns;
  for (std::size_t i = 0; i < count; ++i) {
    if (work.prepare) work.prepare();
    event_ns.push_back(timer_.once([&] {
      const SampleRange range(trace_, first_id + i, work.name);
      work.launch();
    }));
  }
  std::vector<DeviceRecord> records;
  const Clock::time_point give_up = Clock::now() + kLongestWait;
  for (;;) {
    for (DeviceRecord& record : trace_.take()) records.push_back(std::move(record));
    if (complete(records, first_id, count) || Clock::now() >= give_up) break;
    std::this_thread::sleep_for(1ms);
  }
  TracedWindow window = join_window(records, first_id, count, begin_ns);
  const DeviceTraceCounts after = trace_.counts();
  window.counts = {after.invalid - before.invalid, after.lost - before.lost};
  if (window.counts.lost > 0) {
    window.samples.clear();
    window.refused = std::to_string(window.counts.lost) + " records were lost";
  }
  for (std::size_t i = 0; i < window.samples.size(); ++i) window.samples[i].event_ns = event_ns[i];
  return window;
}

}  // namespace inferbench

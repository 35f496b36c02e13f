#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/micro/bound_case.hpp"
#include "harness/micro/device_bench.hpp"
#include "harness/micro/row.hpp"

namespace inferbench {

// What a case's implementations showed on a device beside the events that the sampler saw: windows
// of records, graph replays and clocks.
class DeviceRows {
 public:
  explicit DeviceRows(const DeviceBench& device) : device_(&device) {}

  // Before tracing has begun: the hot time of each implementation, and the clocks of what was
  // sampled since the last call.
  void replay(BoundCase& bound);
  void keep_clocks();

  // A window of `samples` samples of each implementation.
  void trace(BoundCase& bound, WindowTracer& tracer, std::size_t samples);

  // Puts what is known into the row; its headline becomes the span of the records where windows
  // could be used, else stays the events' median.
  void fill(KernelRow& row, bool traced) const;

 private:
  struct Seen {
    std::vector<double> graph_ns, clocks_hz;
    std::vector<TracedSample> samples;
    std::vector<std::int64_t> visits;  // of each sample
    std::vector<TracedKernel> kernels;
    std::string refused;
    std::uint64_t invalid = 0, lost = 0;
  };

  static void make_headline(KernelRow& row, const Seen& seen);

  const DeviceBench* device_;
  std::map<std::string, Seen> seen_;  // by implementation
  std::vector<double> clocks_hz_;     // of all of them, while they take turns
  std::int64_t windows_ = 0;
};

}  // namespace inferbench

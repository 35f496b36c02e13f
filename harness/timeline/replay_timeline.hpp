#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/replay/step_observer.hpp"
#include "harness/replay/system_under_test.hpp"
#include "harness/timeline/trace_file.hpp"

namespace inferbench {

// A replay as a timeline (docs/replay.md): a process per replica with its steps, kernels inside
// them where steps are computed, and counters; a process for requests; arrows that follow each
// request from its arrival through its steps to its end.
//
// Listens to replicas as an observer and to the run's outcome as a sink of records. The first
// `steps` steps are shown and the requests that were in them; as long as those are not over, no
// strides are taken.
class ReplayTimeline final : public StepObserver, public RecordSink {
 public:
  ReplayTimeline(std::string path, std::uint64_t steps);

  bool every_step() const override { return shown_ < most_; }
  bool kernels() const override { return true; }
  void queued(std::int32_t replica, const Request& request, Time now) override;
  void began(const Begun& step) override;
  void ended(std::int32_t replica, std::span<const Emission> emissions, Time now) override;
  void repeated(std::int32_t replica, std::span<const Time> ends,
                std::span<const StepTiming> repetitions) override;
  void lost(std::int32_t replica, Time now) override;
  void left(std::int32_t replica, RequestRecord& record) override;
  void renamed(RequestId before, RequestId now) override;
  void accept(RequestRecord record) override;

  // Once the run is over: puts the file in its place. Throws Failure.
  void commit();
  std::uint64_t shown() const { return shown_; }
  std::uint64_t steps() const { return seen_; }

 private:
  struct Step {
    bool shown = false;
    Time begin{};
    std::int64_t lane = 0;
    TraceArgs args;
    std::vector<RequestId> requests;
    KernelSpans kernels;  // from the step's begin
  };
  struct Replica {
    bool named = false;
    std::deque<Step> in_flight;
    std::vector<bool> lanes;  // taken by a step in flight
    std::unordered_set<std::int32_t> ranks;
    Time last_end{};
  };

  Replica& replica(std::int32_t index);
  std::int64_t take_lane(std::int32_t index);
  void show(std::int32_t index, const Step& step, Time end, bool lost);
  void show_counters(const Begun& step);
  void end_step(std::int32_t index, Time now, bool lost);
  RequestId own(RequestId request) const;
  TraceLane request_lane(Time begin, Time end);

  TraceFile file_;
  std::uint64_t most_, shown_ = 0, seen_ = 0;
  std::vector<Replica> replicas_;
  std::vector<Time> request_lanes_;                     // when each is free
  std::unordered_map<std::uint32_t, RequestId> names_;  // of later attempts, in the workload
  std::unordered_set<std::uint32_t> followed_;          // requests in steps that are shown
};

}  // namespace inferbench

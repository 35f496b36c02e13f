#pragma once

#include <optional>
#include <vector>

#include "bench/cli/replay_options.hpp"
#include "harness/replay/decomposition.hpp"
#include "harness/timeline/replay_timeline.hpp"

namespace inferbench {

// Who looks on at a replay, as asked for.
class ReplayObservers {
 public:
  explicit ReplayObservers(const ReplayArguments& given);
  ReplayObservers(const ReplayObservers&) = delete;
  ReplayObservers& operator=(const ReplayObservers&) = delete;

  // Null where nobody does.
  StepObserver* observer() { return all_.empty() ? nullptr : &all_; }
  void add(StepObserver& observer) { all_.add(observer); }
  // Adds those that hear of records, too.
  void listen(std::vector<RecordSink*>& sinks);
  // Once the run is over: writes the timeline, and says in a note what it holds.
  void finish(const ReplayArguments& given);

 private:
  StepObservers all_;
  std::optional<Decomposition> decomposition_;
  std::optional<ReplayTimeline> timeline_;
};

}  // namespace inferbench

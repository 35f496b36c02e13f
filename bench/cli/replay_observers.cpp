#include "bench/cli/replay_observers.hpp"

#include <iostream>

#include "bench/cli/count_text.hpp"

namespace inferbench {

ReplayObservers::ReplayObservers(const ReplayArguments& given) {
  if (given.decompose) all_.add(decomposition_.emplace());
  if (!given.timeline.empty()) {
    all_.add(timeline_.emplace(given.timeline, given.timeline_steps));
  }
}

void ReplayObservers::listen(std::vector<RecordSink*>& sinks) {
  if (timeline_) sinks.push_back(&*timeline_);
}

void ReplayObservers::finish(const ReplayArguments& given) {
  if (!timeline_) return;
  timeline_->commit();
  std::cerr << "note: " << (given.timeline == "-" ? "the timeline" : given.timeline) << " shows "
            << count_text(timeline_->shown()) << " of " << count_text(timeline_->steps())
            << " steps; open it in https://ui.perfetto.dev";
  if (timeline_->shown() < timeline_->steps()) std::cerr << ", --timeline-steps N shows more";
  std::cerr << "\n";
}

}  // namespace inferbench

#include "harness/replay/stride.hpp"

#include <algorithm>

namespace inferbench {

std::vector<StepTiming>& Stride::prepare() {
  timings_.clear();
  return timings_;
}

void Stride::start(Time first_done) {
  ends_.assign(1, first_done);
  for (const StepTiming& timing : timings_) ends_.push_back(ends_.back() + timing.elapsed);
}

std::size_t Stride::begun_before(Time now) const {
  // A step that ends at this very instant is committed as any other, and what follows it is planned
  // anew.
  const auto running = std::lower_bound(ends_.begin(), ends_.end(), now);
  const std::ptrdiff_t last = static_cast<std::ptrdiff_t>(ends_.size()) - 1;
  return static_cast<std::size_t>(std::min(running - ends_.begin(), last));
}

}  // namespace inferbench

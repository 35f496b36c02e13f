#include "harness/replay/token_times.hpp"

namespace inferbench {

void StepTimes::forget_before(Index index) {
  if (index <= first_) return;
  times_.erase(times_.begin(), times_.begin() + static_cast<std::ptrdiff_t>(index - first_));
  first_ = index;
}

void TokenTimes::begin_run(StepTimes::Index index, std::int64_t tokens) {
  const bool single = run_.count == 1 && run_.stride == 1;
  if (tokens == 1 && single) {  // the second commit of a run decides how far apart they are
    run_.stride = static_cast<std::uint32_t>(index - run_.begin);
    run_.next = index + run_.stride;
    run_.count = 2;
    return;
  }
  if (run_.count > 0) earlier_.push_back(run_);
  run_.begin = index;
  run_.stride = tokens == 1 ? 1 : 0;
  run_.next = tokens == 1 ? index + 1 : ~StepTimes::Index{0};
  run_.count = static_cast<std::uint32_t>(tokens);
}

std::vector<Time> TokenTimes::times(const StepTimes& steps) const {
  std::size_t tokens = run_.count;
  for (const Run& run : earlier_) tokens += run.count;
  std::vector<Time> times;
  times.reserve(tokens);
  const auto append = [&](const Run& run) {
    if (run.stride == 1) {
      const std::span<const Time> same = steps.from(run.begin, run.count);
      times.insert(times.end(), same.begin(), same.end());
      return;
    }
    for (std::uint64_t k = 0; k < run.count; ++k) {
      times.push_back(steps.at(run.begin + k * run.stride));
    }
  };
  for (const Run& run : earlier_) append(run);
  append(run_);
  return times;
}

}  // namespace inferbench

#pragma once

#include <optional>

#include "bench/cli/replay_options.hpp"
#include "harness/replay/decomposition.hpp"

namespace inferbench {

// Who looks on at a replay, as asked for.
class ReplayObservers {
 public:
  explicit ReplayObservers(const ReplayArguments& given);
  ReplayObservers(const ReplayObservers&) = delete;
  ReplayObservers& operator=(const ReplayObservers&) = delete;

  // Null where nobody does.
  StepObserver* observer() { return all_.empty() ? nullptr : &all_; }

 private:
  StepObservers all_;
  std::optional<Decomposition> decomposition_;
};

}  // namespace inferbench

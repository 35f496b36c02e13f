#include "bench/cli/replay_observers.hpp"

namespace inferbench {

ReplayObservers::ReplayObservers(const ReplayArguments& given) {
  if (given.decompose) all_.add(decomposition_.emplace());
}

}  // namespace inferbench

#include "harness/replay/autoscaler.hpp"

namespace inferbench {

int Autoscaler::look(Time now, std::int64_t open_requests, std::size_t replicas) {
  while (next_look_ <= now) next_look_ += options_.interval;
  if (now < quiet_until_) return 0;
  const auto count = static_cast<std::int64_t>(replicas);
  // All replicas have failed: anything that waits is too much.
  const double depth =
      static_cast<double>(open_requests) / static_cast<double>(count > 0 ? count : 1);
  int change = 0;
  if (count < options_.least || (depth > options_.up && count < options_.most)) change = 1;
  if (change == 0 && depth < options_.down && count > options_.least) change = -1;
  if (change != 0) quiet_until_ = now + options_.cool_down;
  return change;
}

}  // namespace inferbench

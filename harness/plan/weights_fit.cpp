#include "harness/plan/weights_fit.hpp"

namespace inferbench {

std::int64_t weights_fit_count(Bytes weights, const HardwareSpec& gpu, double fraction) {
  constexpr std::int64_t kMost = 1024;
  std::int64_t count = 2;
  while (count < kMost &&
         weights.count() > fraction * static_cast<double>(count) * gpu.memory.count()) {
    count *= 2;
  }
  return count;
}

}  // namespace inferbench

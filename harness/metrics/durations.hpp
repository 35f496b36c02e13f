#pragma once

#include "harness/base/units.hpp"

namespace inferbench {

// Latencies are reported in milliseconds, rates per second.
inline double milliseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}
inline double in_seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace inferbench

#pragma once

#include <memory>

#include "harness/micro/device_bench.hpp"

namespace inferbench {

// The GPU of CudaSession as a place to measure. One per process.
class CudaBench {
 public:
  // Throws Error where no kernel can run on a GPU here. With `probe_roofs`, measures bandwidth for
  // about a tenth of a second.
  explicit CudaBench(bool probe_roofs);
  ~CudaBench();
  CudaBench(const CudaBench&) = delete;
  CudaBench& operator=(const CudaBench&) = delete;

  DeviceBench& bench();
  double free_bytes() const;  // of device memory

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace inferbench

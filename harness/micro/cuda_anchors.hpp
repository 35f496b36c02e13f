#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/micro/cuda_bench.hpp"

namespace inferbench {

// One of the figures that everything on a GPU is held against.
struct CudaAnchor {
  std::string name, unit, what;  // "gpu_read", "GB/s"
  double work = 0;               // of a sample: bytes, or launches
  std::vector<double> samples_ns;

  // In the unit: work over the median; for launches the median over the work, in microseconds.
  double value() const;
  double low() const, high() const;  // its interval at 95 %

 private:
  double of(double ns) const;
};

// Bandwidth of memory (read, copy, triad) and of the last cache, what a launch costs (from the
// host, queued ahead, in a graph), and what two events measure around nothing. Asks `interrupted`
// between them, and then gives what there is.
std::vector<CudaAnchor> cuda_anchors(CudaBench& cuda, const std::function<bool()>& interrupted);

}  // namespace inferbench

#include <algorithm>

#include "kernels/cuda/gemm/wide_call.hpp"

namespace inferbench {

WidePlan wide_plan(int64_t m, int64_t n, int multiprocessors) {
  constexpr std::size_t kStage = std::size_t{kWideRows + kWideColumns} * kWideTileBytes;
  WidePlan p;
  p.row_pairs = (m + 2 * kWideRows - 1) / (2 * kWideRows);
  p.columns = (n + kWideColumns - 1) / kWideColumns;
  const int64_t clusters =
      std::min<int64_t>(p.row_pairs * p.columns, std::max(1, multiprocessors / kWideCluster));
  p.blocks = static_cast<unsigned>(clusters * kWideCluster);
  p.shared_bytes = kStage * kWideStages + 1024;  // and the gates
  return p;
}

}  // namespace inferbench

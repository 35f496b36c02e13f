#include <algorithm>

#include "kernels/cuda/gemm/skinny_call.hpp"
#include "kernels/cuda/gemm/skinny_packing.hpp"

namespace inferbench {
namespace {

constexpr int64_t kSharedOfMultiprocessor = 160 * 1024;  // what blocks of sm_80 may use together
constexpr int64_t kFewestSteps = 8;

int parts(SkinnyWeights type) {
  switch (type) {
    case SkinnyWeights::bf16:
      return 4;
    case SkinnyWeights::int8:
      return 2;
    case SkinnyWeights::int4:
      return 1;
  }
  return 0;
}

// Blocks whose registers fit a multiprocessor.
int64_t most_blocks(int tiles) {
  if (tiles == 8) return 2;
  return tiles == 4 ? 3 : 5;
}

}  // namespace

SkinnyPlan skinny_plan(SkinnyWeights type, int64_t m, int64_t n, int64_t k, int64_t group,
                       int multiprocessors) {
  using namespace simt;
  SkinnyPlan p;
  while (p.tiles < 8 && p.tiles * 8 < m) p.tiles *= 2;
  p.columns = static_cast<unsigned>((n + kSkinnyColumns - 1) / kSkinnyColumns);
  p.rows = static_cast<unsigned>((m + p.tiles * 8 - 1) / (p.tiles * 8));
  const int64_t weights = int64_t{16} * 32 * kSkinnyWarps * kSkinnyRows * parts(type);
  const int64_t in = int64_t{16} * 8 * 8 * p.tiles;
  p.shared_bytes = static_cast<std::size_t>(kSkinnyStages * (weights + in) + 16);
  const int64_t fit = kSharedOfMultiprocessor / (static_cast<int64_t>(p.shared_bytes) + 1024);
  const int64_t wanted = multiprocessors * std::clamp<int64_t>(fit, 1, most_blocks(p.tiles));
  const int64_t tiles = int64_t{p.columns} * p.rows;
  const int64_t unit = std::max<int64_t>(1, group / kSkinnyDepth);
  const int64_t most =
      std::max<int64_t>(1, std::min(k / kSkinnyDepth / kFewestSteps, k / kSkinnyDepth / unit));
  p.splits = static_cast<unsigned>(std::clamp<int64_t>(wanted / tiles, 1, most));
  if (p.splits > 1) {
    p.partial_bytes =
        static_cast<std::size_t>(int64_t{p.splits} * tiles * kSkinnyRows * p.tiles * 128 * 16);
    p.counters = static_cast<std::size_t>(tiles);
  }
  return p;
}

}  // namespace inferbench

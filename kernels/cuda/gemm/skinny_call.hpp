#pragma once

#include <cstddef>
#include <cstdint>

namespace inferbench {

enum class SkinnyWeights { bf16, int8, int4 };

namespace simt {

constexpr int kSkinnyWarps = 4, kSkinnyRows = 2, kSkinnyStages = 4;

// Operands of the skinny GEMM: device memory, 16-byte aligned; bf16 weights [n, k], others and
// their scales as SkinnyPacked.
struct SkinnyCall {
  int64_t m = 0, n = 0, padded_n = 0, k = 0, group = 0;
  const uint16_t* in = nullptr;  // [m, k] bf16
  const void* weights = nullptr;
  const void* scale = nullptr;    // fp32 [padded_n] of int8, fp16 [groups, padded_n] of int4
  const uint8_t* zero = nullptr;  // [groups, padded_n], of int4
  float* out = nullptr;           // [m, n]
  void* partial = nullptr;        // SkinnyPlan::partial_bytes
  unsigned* arrived = nullptr;    // SkinnyPlan::counters, zero before the first launch
};

}  // namespace simt

// How a GPU computes it.
struct SkinnyPlan {
  int tiles = 1;                               // of 8 tokens, that a block computes: 1, 2, 4 or 8
  unsigned columns = 1, rows = 1, splits = 1;  // the grid
  std::size_t shared_bytes = 0;
  std::size_t partial_bytes = 0;
  std::size_t counters = 0;
};

// Splits k so far that every multiprocessor has the blocks that fit, of at least 8 steps of 64.
SkinnyPlan skinny_plan(SkinnyWeights type, int64_t m, int64_t n, int64_t k, int64_t group,
                       int multiprocessors);

}  // namespace inferbench

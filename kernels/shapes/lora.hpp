#pragma once

#include "kernels/shapes/gemm.hpp"

namespace inferbench {

// Low-rank updates of one projection for a batch whose rows use several adapters:
//
//   out[row] += scale * B[adapter] * (A[adapter] * in[row])
struct LoraShape {
  double rows = 0;      // with an adapter
  double adapters = 0;  // distinct among them
  double in = 0;        // columns of A
  double out = 0;       // rows of B, of all products together
  double rank = 0;
  double products = 1;  // matrices behind one input, each with an A of its own (3 for qkv)
};

// Rows grouped by adapter, groups in one launch: the shrink to products * rank and the expand to
// out, as grouped GEMMs in 16 bit unless their bytes are changed.
inline GemmShape lora_shrink(const LoraShape& s) {
  return {.m = s.rows / s.adapters, .n = s.products * s.rank, .k = s.in, .count = s.adapters};
}
inline GemmShape lora_expand(const LoraShape& s) {
  return {.m = s.rows / s.adapters, .n = s.out, .k = s.rank, .count = s.adapters};
}

}  // namespace inferbench

#pragma once

#include "kernels/cuda/attention/paged.cuh"
#include "kernels/cuda/calls.h"

namespace inferbench::cuda_attention {

// What no attention kernel here computes, or null: by numbers, and by heads.
inline const char* refuses_numbers(const InferbenchCudaAttention& call) {
  if (call.requests > 65535) return "needs at most 65535 requests";
  if (call.longest > 0x7fffff00) return "needs fewer tokens";
  return nullptr;
}
inline const char* refuses_paged(const InferbenchCudaAttention& call) {
  if (call.head_dim != 64 && call.head_dim != 128) return "needs heads of 64 or 128";
  if (call.q_heads % call.kv_heads != 0)
    return "needs query heads that share key-value heads evenly";
  return refuses_numbers(call);
}

inline PagedOperands paged_operands(const InferbenchCudaAttention& call) {
  return {static_cast<int>(call.tokens),
          static_cast<int>(call.q_heads),
          static_cast<int>(call.kv_heads),
          static_cast<int>(call.max_blocks),
          call.scale * 1.44269504F,
          call.q,
          call.keys,
          call.values,
          call.block_table,
          call.context,
          call.out};
}

}  // namespace inferbench::cuda_attention

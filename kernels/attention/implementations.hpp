#pragma once

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Attention of new tokens over a paged cache, causal, grouped-query, with an optional sliding
// window; see AttentionProblem. Own kernels are bit-identical between runs and thread counts: parts
// of a context are fixed and combined in order.
Op prefill_attention_op();
Op paged_decode_op();  // one new token per request

Implementation prefill_attention_avx512();
Implementation prefill_attention_avx2();
Implementation prefill_attention_reference();
Implementation paged_decode_avx512();
Implementation paged_decode_avx2();
Implementation paged_decode_reference();

// Own kernels load whole vectors: head_dim is a multiple of 16.
Support head_dim_is_whole(const KernelCase& kernel_case);

}  // namespace inferbench

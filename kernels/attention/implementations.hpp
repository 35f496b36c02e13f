#pragma once

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Attention of new tokens over a paged cache, causal, grouped-query, with an optional sliding
// window; see AttentionProblem. Own kernels are PagedAttention on a case's buffers.
Op prefill_attention_op();
Op paged_decode_op();  // one new token per request, or a few drafts of it
Op mla_decode_op();    // the absorbed form, over a paged cache of latents

Implementation prefill_attention_avx512();
Implementation prefill_attention_avx2();
Implementation prefill_attention_portable();
Implementation prefill_attention_reference();
Implementation paged_decode_avx512();
Implementation paged_decode_avx2();
Implementation paged_decode_portable();
Implementation paged_decode_reference();
Implementation mla_decode_avx512();
Implementation mla_decode_avx2();
Implementation mla_decode_portable();
Implementation mla_decode_reference();

// Own kernels load whole vectors: heads, values and latents are multiples of 16.
Support heads_are_whole(const KernelCase& kernel_case);

}  // namespace inferbench

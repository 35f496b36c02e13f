#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/collectives/element.hpp"
#include "kernels/cpu/features.hpp"

namespace inferbench {

// How elements of several ranks become one.
struct Combination {
  ElementType type = ElementType::fp32;
  Reduction reduction = Reduction::sum;
  int divisor = 1;  // of the result: the number of ranks where an average is completed
};

// out[i] = in[0][i] op in[1][i] op ..., from left to right, then divided. fp16 and bf16 are widened
// to fp32 and rounded once, to nearest even. `out` may be one of the inputs. At least one input;
// `type` is not bytes. Every instruction set gives the same bits.
void combine(std::byte* out, std::span<const std::byte* const> in, std::size_t count,
             const Combination& how, Isa isa = best_isa());

// memcpy with stores that leave caches alone, for results larger than a cache. Ordered before
// whatever the caller does next that other threads can see.
void copy_past_caches(std::byte* to, const std::byte* from, std::size_t bytes,
                      Isa isa = best_isa());

// One kernel per instruction set: `sources` inputs, `count` elements.
using CombineKernel = void (*)(std::byte* out, const std::byte* const* in, std::size_t sources,
                               std::size_t count, float divisor);
CombineKernel combine_kernel_portable(ElementType type, Reduction reduction);
CombineKernel combine_kernel_avx2(ElementType type, Reduction reduction);
CombineKernel combine_kernel_avx512(ElementType type, Reduction reduction);
void copy_past_caches_avx2(std::byte* to, const std::byte* from, std::size_t bytes);
void copy_past_caches_avx512(std::byte* to, const std::byte* from, std::size_t bytes);

}  // namespace inferbench

#include "kernels/cuda/module/kernel_list.hpp"

#include <array>

#include "kernels/cuda/device/entries.hpp"

namespace inferbench_cuda {

std::span<const InferbenchCudaKernel> kernel_list() {
  static const std::array list = {
      // clang-format off
      read_entry(),
      copy_entry(),
      triad_entry(),
      empty_entry(),
      rmsnorm_entry(),
      add_rmsnorm_entry(),
      silu_mul_entry(),
      rope_entry(),
      quant_int8_entry(),
      quant_fp8_entry(),
      paged_decode_entry(),
      prefill_attention_entry(),
      wide_prefill_entry(),
      mla_decode_entry(),
      add_norm_entry(),
      rotate_and_cache_entry(),
      activate_entry(),
      skinny_bf16_entry(),
      skinny_w8a16_entry(),
      skinny_w4a16_entry(),
      wide_bf16_entry(),
      wide_e4m3_entry(),
      wide_int8_entry(),
      // clang-format on
  };
  return list;
}

}  // namespace inferbench_cuda

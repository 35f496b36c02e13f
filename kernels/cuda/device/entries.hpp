#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/calls.h"
#include "kernels/cuda/module.h"

// One function per kernel, each next to its kernel; kernel_list.cpp lists them.
namespace inferbench_cuda {

inline std::size_t no_workspace(const void* /*call*/) {
  return 0;
}

InferbenchCudaKernel read_entry();
InferbenchCudaKernel copy_entry();
InferbenchCudaKernel triad_entry();
InferbenchCudaKernel empty_entry();

InferbenchCudaKernel rmsnorm_entry();
InferbenchCudaKernel add_rmsnorm_entry();
InferbenchCudaKernel silu_mul_entry();
InferbenchCudaKernel rope_entry();
InferbenchCudaKernel quant_int8_entry();
InferbenchCudaKernel quant_fp8_entry();

InferbenchCudaKernel paged_decode_entry();
InferbenchCudaKernel prefill_attention_entry();
InferbenchCudaKernel wide_prefill_entry();
InferbenchCudaKernel mla_decode_entry();
InferbenchCudaKernel add_norm_entry();
InferbenchCudaKernel rotate_and_cache_entry();
InferbenchCudaKernel activate_entry();

InferbenchCudaKernel skinny_bf16_entry();
InferbenchCudaKernel skinny_w8a16_entry();
InferbenchCudaKernel skinny_w4a16_entry();
InferbenchCudaKernel wide_bf16_entry();
InferbenchCudaKernel wide_e4m3_entry();
InferbenchCudaKernel wide_int8_entry();

}  // namespace inferbench_cuda

#pragma once

// launch.cuh for GPUs.

#include <cuda.h>
#include <cuda_runtime.h>

#include "kernels/cuda/module/status.hpp"
#include "kernels/cuda/simt/hopper.cuh"

// Zero when the module is loaded; kernels leave zeros.
#define SIMT_COUNTERS(name, count) __device__ unsigned name[count]

namespace inferbench_cuda {

// kKernel(operands) by `grid` blocks of `threads`, each with kShared bytes of shared memory.
// Returns 0, or an error whose message says what `name` is. Clusters: as the kernel declares them.
template <auto kKernel, std::size_t kShared, int kCluster = 1, class Operands>
int launch(const char* name, dim3 grid, unsigned threads, const Operands& operands) {
  static const cudaError_t allowed =
      cudaFuncSetAttribute(kKernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int{kShared});
  if (allowed != cudaSuccess) return status(allowed, name);
  kKernel<<<grid, threads, kShared, stream()>>>(operands);
  return status(cudaGetLastError(), name);
}

template <std::size_t kCount>
int counters(unsigned (&of)[kCount], unsigned*& to) {
  void* address = nullptr;
  if (const int error = status(cudaGetSymbolAddress(&address, of), "counters")) return error;
  to = static_cast<unsigned*>(address);
  return 0;
}

// The driver's function, found without linking the driver.
inline int find_tensor_map_encode(decltype(&cuTensorMapEncodeTiled)& to) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
  if (const int error = status(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function,
                                                                12000, cudaEnableDefault, &found),
                               "looking up cuTensorMapEncodeTiled")) {
    return error;
  }
  if (found != cudaDriverEntryPointSuccess) {
    return failed("the driver has no cuTensorMapEncodeTiled");
  }
  to = reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(function);
  return 0;
}

// A matrix [rows, columns], row major, in tiles of `tile_rows` rows by 128 bytes, swizzled.
// Elements of 2 bytes are bf16, of 1 anything.
inline int tensor_map(inferbench::simt::TensorMap& to, const void* matrix, int64_t rows,
                      int64_t columns, int element_bytes, int tile_rows) {
  static_assert(sizeof(CUtensorMap) == sizeof(inferbench::simt::TensorMap));
  static decltype(&cuTensorMapEncodeTiled) encode = nullptr;
  if (encode == nullptr) {
    if (const int error = find_tensor_map_encode(encode)) return error;
  }
  const cuuint64_t size[] = {static_cast<cuuint64_t>(columns), static_cast<cuuint64_t>(rows)};
  const cuuint64_t pitch[] = {static_cast<cuuint64_t>(columns * element_bytes)};
  const cuuint32_t tile[] = {static_cast<cuuint32_t>(128 / element_bytes),
                             static_cast<cuuint32_t>(tile_rows)};
  const cuuint32_t step[] = {1, 1};
  const CUresult result =
      encode(reinterpret_cast<CUtensorMap*>(&to),
             element_bytes == 2 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_UINT8,
             2, const_cast<void*>(matrix), size, pitch, tile, step, CU_TENSOR_MAP_INTERLEAVE_NONE,
             CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
             CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (result == CUDA_SUCCESS) return 0;
  return failed("describing a matrix to the copy engine: error " + std::to_string(result));
}

}  // namespace inferbench_cuda

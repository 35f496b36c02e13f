#pragma once

// Primitives of sm_90a besides those of simt.cuh: gates (mbarrier), tiles copied by the tensor
// memory accelerator, products of four warps (wgmma), clusters of blocks.
//
// A tile in shared memory is rows of 128 bytes, aligned to 1024, whose 16-byte eighths are
// swizzled: eighth e of row r lies at e ^ (r % 8). Operands of products are such tiles with k along
// the row.

#include "kernels/cuda/simt/simt.cuh"

#ifdef __CUDACC__
#include "kernels/cuda/simt/hopper_device.cuh"
#else
#include "kernels/cuda/simt/hopper_host.hpp"
#endif

#pragma once

// What launches ask of the device in use; asked once.

#ifdef __CUDACC__
#include <cuda_runtime_api.h>
#endif

namespace inferbench_cuda {

#ifdef __CUDACC__

inline int multiprocessors() {
  static const int count = [] {
    int device = 0, found = 1;
    if (cudaGetDevice(&device) != cudaSuccess) return 1;
    cudaDeviceGetAttribute(&found, cudaDevAttrMultiProcessorCount, device);
    return found;
  }();
  return count;
}

// Or nothing is known of the device.
inline bool is_hopper() {
  static const bool hopper = [] {
    int device = 0, major = 0;
    if (cudaGetDevice(&device) != cudaSuccess) return true;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    return major == 9;
  }();
  return hopper;
}

#else

// Emulated.
inline int multiprocessors() {
  return 2;
}
inline bool is_hopper() {
  return true;
}

#endif

}  // namespace inferbench_cuda

#pragma once

#include <span>
#include <string>
#include <vector>

namespace inferbench {

// A library of NVIDIA's that is loaded when it is first needed.
struct VendorLibrary {
  const char* name;         // "cuBLASLt"
  const char* file;         // "libcublasLt.so.13"
  const char* environment;  // names the file, or the only folders to look in: "INFERBENCH_CUBLASLT"
  const char* use;          // "vendor GEMM"
  const char* way_out;
};

// cuBLASLt, cuDNN, NCCL, CUPTI and NVML.
std::span<const VendorLibrary> vendor_libraries();
const VendorLibrary& vendor_library(const char* name);  // one of them

// Where `library` is looked for, in order: what its environment variable names, else the folders of
// INFERBENCH_CUDA_LIBRARIES, the loader's own, CUDA's under /usr/local, and those of Python wheels
// (CUDA_HOME, VIRTUAL_ENV and /opt/*/.venv).
std::vector<std::string> vendor_candidates(const VendorLibrary& library);

// A library that stays loaded: unloading is where vendor libraries fail.
struct LoadedLibrary {
  void* handle = nullptr;  // null: it was not found, or does not load
  std::string path;
  std::string reason;  // why not: "libcupti.so.13 not found; INFERBENCH_CUPTI=... names it"
};
LoadedLibrary load_vendor_library(const VendorLibrary& library);

}  // namespace inferbench

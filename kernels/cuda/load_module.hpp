#pragma once

#include <string>

struct InferbenchCudaTable;

namespace inferbench {

// The CUDA module, or why it cannot be used.
struct CudaModule {
  const InferbenchCudaTable* table = nullptr;
  std::string path;
  std::string reason;  // of a null table

  explicit operator bool() const { return table != nullptr; }
};

// Loads the module from `path` and refuses one whose table is of another version. It stays loaded.
CudaModule load_cuda_module(const std::string& path);

// Where it is looked for: INFERBENCH_CUDA_MODULE, else beside the program.
std::string cuda_module_path();

// The module of that path, loaded once per process.
const CudaModule& cuda_module();

// Why no kernel can run on a GPU here: no module, no driver, no device; empty where one can. Asked
// of the driver once.
const std::string& cuda_unusable();

// Throws Failure with the module's message unless `status` is 0; `what` was being done.
void cuda_check(int status, const char* what);

}  // namespace inferbench

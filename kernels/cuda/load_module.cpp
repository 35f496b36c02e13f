#include "kernels/cuda/load_module.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "harness/base/error.hpp"
#include "kernels/cuda/module.h"

namespace inferbench {

CudaModule load_cuda_module(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) {
    return {nullptr, path,
            "no CUDA module: " + path + " was not built, as where CMake finds no nvcc"};
  }
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* why = dlerror();
    return {nullptr, path, why != nullptr ? why : path + " cannot be loaded"};
  }
  const auto entry = reinterpret_cast<InferbenchCudaEntry>(dlsym(module, INFERBENCH_CUDA_SYMBOL));
  const InferbenchCudaTable* table = entry != nullptr ? entry() : nullptr;
  if (table == nullptr) {
    return {nullptr, path, path + " is no CUDA module of inferbench"};
  }
  if (table->version != INFERBENCH_CUDA_VERSION || table->size != sizeof(InferbenchCudaTable)) {
    return {nullptr, path,
            path + " is of another version of inferbench (" + std::to_string(table->version) +
                ", this is " + std::to_string(INFERBENCH_CUDA_VERSION) +
                "): take program and module from one build"};
  }
  return {table, path, ""};
}

std::string cuda_module_path() {
  if (const char* named = std::getenv("INFERBENCH_CUDA_MODULE")) return named;
  std::error_code unreadable;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unreadable);
  return (program.parent_path() / "libinferbench_cuda.so").string();
}

const CudaModule& cuda_module() {
  static const CudaModule module = load_cuda_module(cuda_module_path());
  return module;
}

const std::string& cuda_unusable() {
  static const std::string reason = [] {
    const CudaModule& module = cuda_module();
    if (!module) return module.reason;
    InferbenchCudaProbe probe = {};
    module.table->probe(&probe);
    return probe.devices > 0 ? std::string() : std::string(probe.reason);
  }();
  return reason;
}

void cuda_check(int status, const char* what) {
  if (status == 0) return;
  throw Failure(std::string(what) + ": " + cuda_module().table->message());
}

}  // namespace inferbench

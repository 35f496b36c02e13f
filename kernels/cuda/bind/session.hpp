#pragma once

#include <string>
#include <string_view>

#include "kernels/cuda/module.h"

namespace inferbench {

// The GPU that this process computes on: the first one that CUDA shows it (CUDA_VISIBLE_DEVICES
// chooses). CUPTI is claimed before the device is used, so that it can trace later.
class CudaSession {
 public:
  // Opened at the first call. Throws Error where cuda_unusable() has a reason, Failure where the
  // device cannot be used.
  static CudaSession& open();

  const InferbenchCudaTable& table() const { return *table_; }
  const InferbenchCudaDevice& device() const { return device_; }
  const std::string& untraceable() const { return untraceable_; }  // why; empty: it can trace

 private:
  CudaSession();

  const InferbenchCudaTable* table_;
  InferbenchCudaDevice device_ = {};
  std::string untraceable_;
};

// One of the module's kernels by name; nullptr where the module is not there or has none of it.
const InferbenchCudaKernel* find_cuda_kernel(std::string_view name);

// Why this process's GPU cannot run a kernel that needs `least_sm`; empty where it can. Opens no
// session.
std::string cuda_refusal(int least_sm);

}  // namespace inferbench

#pragma once

#include <functional>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/cuda/bind/device_memory.hpp"
#include "kernels/cuda/bind/session.hpp"

namespace inferbench {

// What kernels on a GPU have in common: an fp32 output on the device, one launch per run, and what
// the layer before has written.
class CudaBoundKernel : public BoundKernel {
 public:
  void run() override;  // launches and waits
  void poison() override { out_.poison(); }
  std::span<const float> output() override;
  bool guards_intact() const override { return out_.guards_intact(); }
  bool read_activations() override;

 protected:
  explicit CudaBoundKernel(std::size_t outputs) : out_(outputs * sizeof(float)) {}

  // Launches one of the module's kernels with its struct.
  template <class Call>
  static void launch_kernel(const InferbenchCudaKernel& kernel, const Call& call) {
    ensure(kernel.call_bytes == sizeof(Call), "a kernel gets the operands it was built for");
    begin(kernel, &call);
  }

  DeviceOutput out_;
  DeviceMemory activations_;  // empty: not told apart

 private:
  static void begin(const InferbenchCudaKernel& kernel, const void* call);

  std::vector<float> host_;
};

// A kernel of the module that computes a case, or the reason why not: no GPU, an older one, sizes.
// `call` has the case's sizes; its pointers are not looked at.
Support supports_cuda_kernel(const char* kernel, const void* call);

// The module's kernel of that name; only where supports_cuda_kernel said yes.
const InferbenchCudaKernel& cuda_kernel(const char* name);

}  // namespace inferbench

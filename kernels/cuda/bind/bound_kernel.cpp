#include "kernels/cuda/bind/bound_kernel.hpp"

#include "kernels/cuda/calls.h"
#include "kernels/cuda/load_module.hpp"

namespace inferbench {
namespace {

// Reads of the sweep kernel go nowhere, but it wants an address.
void* anywhere() {
  static const DeviceMemory word(256);
  return word.data();
}

}  // namespace

void CudaBoundKernel::run() {
  launch();
  cuda_check(CudaSession::open().table().synchronise(), "running");
}

std::span<const float> CudaBoundKernel::output() {
  host_.resize(out_.bytes() / sizeof(float));
  out_.read(std::as_writable_bytes(std::span(host_)));
  return host_;
}

bool CudaBoundKernel::read_activations() {
  constexpr std::size_t kVector = 16;
  if (activations_.bytes() < kVector) return false;
  const InferbenchCudaSweep sweep = {
      .a = activations_.data(),
      .b = nullptr,
      .to = anywhere(),
      .count = static_cast<std::int64_t>(activations_.bytes() / kVector * kVector / sizeof(float))};
  begin(cuda_kernel("read"), &sweep);
  return true;
}

void CudaBoundKernel::begin(const InferbenchCudaKernel& kernel, const void* call) {
  cuda_check(kernel.launch(call), kernel.name);
}

Support supports_cuda_kernel(const char* kernel, const void* call) {
  const InferbenchCudaKernel* found = find_cuda_kernel(kernel);
  // Without a GPU first: some kernels ask it what they can do.
  if (std::string refused = cuda_refusal(found != nullptr ? found->least_sm : 0);
      !refused.empty()) {
    return Support::no(std::move(refused));
  }
  if (found == nullptr) return Support::no(std::string("the CUDA module has no ") + kernel);
  if (const char* refused = found->refuses(call)) return Support::no(refused);
  return Support::yes();
}

const InferbenchCudaKernel& cuda_kernel(const char* name) {
  const InferbenchCudaKernel* found = find_cuda_kernel(name);
  ensure(found != nullptr, "a kernel that is launched is in the module");
  return *found;
}

}  // namespace inferbench

#include "kernels/cuda/bind/session.hpp"

#include "harness/base/error.hpp"
#include "kernels/cuda/load_module.hpp"

namespace inferbench {
namespace {

const InferbenchCudaTable* usable_table() {
  if (const std::string& reason = cuda_unusable(); !reason.empty()) {
    throw Error("--device cuda", reason, "needs an NVIDIA GPU and its driver",
                "inferbench doctor says what is missing");
  }
  return cuda_module().table;
}

}  // namespace

CudaSession& CudaSession::open() {
  static CudaSession session;
  return session;
}

CudaSession::CudaSession() : table_(usable_table()) {
  if (table_->trace_claim() != 0) untraceable_ = table_->message();
  cuda_check(table_->use(0), "using the GPU");
  cuda_check(table_->device(0, &device_), "asking for the GPU");
}

const InferbenchCudaKernel* find_cuda_kernel(std::string_view name) {
  const CudaModule& module = cuda_module();
  if (!module) return nullptr;
  for (int i = 0; i < module.table->kernel_count; ++i) {
    if (module.table->kernels[i].name == name) return &module.table->kernels[i];
  }
  return nullptr;
}

std::string cuda_refusal(int least_sm) {
  if (const std::string& reason = cuda_unusable(); !reason.empty()) return reason;
  static const int sm = [] {
    InferbenchCudaDevice device = {};
    return cuda_module().table->device(0, &device) == 0 ? device.sm : 0;
  }();
  if (sm >= least_sm) return "";
  return "needs sm_" + std::to_string(least_sm) + ", this GPU is sm_" + std::to_string(sm);
}

}  // namespace inferbench

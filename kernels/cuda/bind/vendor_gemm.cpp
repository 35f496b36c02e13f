#include "kernels/cuda/bind/vendor_gemm.hpp"

#include "kernels/cuda/bind/bound_kernel.hpp"
#include "kernels/cuda/calls.h"
#include "kernels/cuda/load_module.hpp"
#include "kernels/gemm/problem.hpp"

namespace inferbench {
namespace {

constexpr int kLeastSm = 80;

class CublasLtGemm final : public CudaBoundKernel {
 public:
  explicit CublasLtGemm(const GemmProblem& p)
      : CudaBoundKernel(p.outputs()),
        table_(CudaSession::open().table()),
        weights_(DeviceMemory::of(p.weights.values16)) {
    activations_ = DeviceMemory::of(p.in16);
    call_.m = p.m;
    call_.n = p.n;
    call_.k = p.k;
    call_.format = INFERBENCH_CUDA_BF16;
    call_.in = activations_.data();
    call_.weights = weights_.data();
    call_.out = out_.as<float>();
    std::size_t workspace = 0;
    if (table_.cublaslt_prepare(&call_, &plan_, &workspace) != 0)
      throw CannotBind(table_.message());
    workspace_ = DeviceMemory(workspace);
    call_.workspace = workspace_.data();
  }
  ~CublasLtGemm() override { table_.cublaslt_release(plan_); }
  CublasLtGemm(const CublasLtGemm&) = delete;
  CublasLtGemm& operator=(const CublasLtGemm&) = delete;

  void launch() override { cuda_check(table_.cublaslt_run(plan_, &call_), "multiplying"); }

 private:
  const InferbenchCudaTable& table_;
  DeviceMemory weights_, workspace_;
  InferbenchCudaGemm call_ = {};
  void* plan_ = nullptr;
};

// The library is loaded only where there is a GPU for it: it takes a fifth of a second.
Support cublaslt_available(const KernelCase& /*c*/) {
  if (std::string refused = cuda_refusal(kLeastSm); !refused.empty()) {
    return Support::no(std::move(refused));
  }
  CudaSession::open();
  char version[64] = {};
  const InferbenchCudaTable& table = CudaSession::open().table();
  if (table.cublaslt_open(version, sizeof version) != 0) return Support::no(table.message());
  return Support::yes();
}

}  // namespace

Implementation cublaslt_gemm() {
  return {.op = "gemm",
          .name = "cublaslt",
          .provider = "cublaslt",
          .formats = {"bf16"},
          .summary = "the library's own first choice of algorithm, out in fp32",
          .available = cublaslt_available,
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<CublasLtGemm>(dynamic_cast<const GemmProblem&>(p));
          },
          .device = Device::cuda};
}

}  // namespace inferbench

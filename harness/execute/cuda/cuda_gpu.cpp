#include "harness/execute/cuda/cuda_gpu.hpp"

#include "harness/execute/cuda/cuda_decoder.hpp"
#include "kernels/cuda/load_module.hpp"

namespace inferbench {

CudaGpu::CudaGpu() {
  CudaSession::open();
}

std::string CudaGpu::name() const {
  return CudaSession::open().device().name;
}

Bytes CudaGpu::free_memory() const {
  std::size_t available = 0, total = 0;
  cuda_check(CudaSession::open().table().memory(&available, &total), "asking for free memory");
  return Bytes(static_cast<double>(available));
}

std::unique_ptr<RankedModel> CudaGpu::build(const ModelPlan& plan) {
  return std::make_unique<CudaDecoder>(plan);
}

}  // namespace inferbench

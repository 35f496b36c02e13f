#include "kernels/cuda/bind/implementations.hpp"

#include "kernels/cuda/bind/attention.hpp"
#include "kernels/cuda/bind/gemm.hpp"
#include "kernels/cuda/bind/rows.hpp"
#include "kernels/cuda/bind/vendor_gemm.hpp"

namespace inferbench {

std::vector<Implementation> cuda_implementations() {
  std::vector<Implementation> list = cuda_gemm_implementations();
  list.push_back(cublaslt_gemm());
  for (auto&& more : {cuda_attention_implementations(), cuda_row_implementations()}) {
    list.insert(list.end(), more.begin(), more.end());
  }
  return list;
}

}  // namespace inferbench

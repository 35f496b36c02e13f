#include "kernels/cuda/module/cublaslt.hpp"

#include <cublasLt.h>
#include <dlfcn.h>

#include <cstdio>
#include <memory>
#include <string>

#include "kernels/cuda/calls.h"
#include "kernels/cuda/module/status.hpp"
#include "kernels/cuda/vendor_library.hpp"

namespace inferbench_cuda {
namespace {

// What NVIDIA recommends for Hopper; more gains nothing.
constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20U;

struct CublasLt {
#define INFERBENCH_CUBLASLT_FUNCTION(name) decltype(&::name) name = nullptr
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtGetVersion);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtGetStatusName);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtCreate);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmul);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmulAlgoGetHeuristic);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmulDescCreate);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmulDescDestroy);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmulDescSetAttribute);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatrixLayoutCreate);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatrixLayoutDestroy);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmulPreferenceCreate);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmulPreferenceDestroy);
  INFERBENCH_CUBLASLT_FUNCTION(cublasLtMatmulPreferenceSetAttribute);
#undef INFERBENCH_CUBLASLT_FUNCTION
  cublasLtHandle_t handle = nullptr;
};

template <class Function>
bool found(void* library, const char* name, Function& to) {
  to = reinterpret_cast<Function>(dlsym(library, name));
  return to != nullptr;
}

const char* look_up(void* library, CublasLt& to) {
#define INFERBENCH_CUBLASLT_LOOK_UP(name) \
  if (!found(library, #name, to.name)) return #name
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtGetVersion);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtGetStatusName);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtCreate);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmul);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmulAlgoGetHeuristic);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmulDescCreate);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmulDescDestroy);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmulDescSetAttribute);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatrixLayoutCreate);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatrixLayoutDestroy);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmulPreferenceCreate);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmulPreferenceDestroy);
  INFERBENCH_CUBLASLT_LOOK_UP(cublasLtMatmulPreferenceSetAttribute);
#undef INFERBENCH_CUBLASLT_LOOK_UP
  return nullptr;
}

CublasLt g_library;

int cublas_status(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return 0;
  return failed(std::string("cuBLASLt, ") + what + ": " + g_library.cublasLtGetStatusName(status));
}

// cuBLAS counts in columns: out[m, n] by rows is its transpose [n, m] by columns, the product of
// the weights, [k, n] by columns and transposed, with the activations, [k, m] by columns.
struct Plan {
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t weights = nullptr, in = nullptr, out = nullptr;
  cublasLtMatmulAlgo_t algorithm = {};
  std::size_t workspace = 0;

  Plan() = default;
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  ~Plan() {
    if (product != nullptr) g_library.cublasLtMatmulDescDestroy(product);
    for (cublasLtMatrixLayout_t layout : {weights, in, out}) {
      if (layout != nullptr) g_library.cublasLtMatrixLayoutDestroy(layout);
    }
  }
};

int describe(const InferbenchCudaGemm& gemm, Plan& plan) {
  const auto rows = static_cast<std::uint64_t>(gemm.n), k = static_cast<std::uint64_t>(gemm.k),
             columns = static_cast<std::uint64_t>(gemm.m);
  const cublasOperation_t transposed = CUBLAS_OP_T;
  if (const int error = cublas_status(
          g_library.cublasLtMatmulDescCreate(&plan.product, CUBLAS_COMPUTE_32F, CUDA_R_32F),
          "describing a product")) {
    return error;
  }
  if (const int error = cublas_status(
          g_library.cublasLtMatmulDescSetAttribute(plan.product, CUBLASLT_MATMUL_DESC_TRANSA,
                                                   &transposed, sizeof transposed),
          "describing a product")) {
    return error;
  }
  const auto layout = [](cublasLtMatrixLayout_t& to, cudaDataType type, std::uint64_t height,
                         std::uint64_t width) {
    return cublas_status(g_library.cublasLtMatrixLayoutCreate(&to, type, height, width,
                                                              static_cast<std::int64_t>(height)),
                         "describing a matrix");
  };
  if (const int error = layout(plan.weights, CUDA_R_16BF, k, rows)) return error;
  if (const int error = layout(plan.in, CUDA_R_16BF, k, columns)) return error;
  return layout(plan.out, CUDA_R_32F, rows, columns);
}

// The library's own first choice.
int choose(Plan& plan) {
  cublasLtMatmulPreference_t preference = nullptr;
  if (const int error = cublas_status(g_library.cublasLtMatmulPreferenceCreate(&preference),
                                      "asking for an algorithm")) {
    return error;
  }
  g_library.cublasLtMatmulPreferenceSetAttribute(preference,
                                                 CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                 &kWorkspaceBytes, sizeof kWorkspaceBytes);
  cublasLtMatmulHeuristicResult_t best = {};
  int count = 0;
  const cublasStatus_t asked = g_library.cublasLtMatmulAlgoGetHeuristic(
      g_library.handle, plan.product, plan.weights, plan.in, plan.out, plan.out, preference, 1,
      &best, &count);
  g_library.cublasLtMatmulPreferenceDestroy(preference);
  if (const int error = cublas_status(asked, "asking for an algorithm")) return error;
  if (count == 0) return failed("cuBLASLt has no algorithm for these sizes");
  plan.algorithm = best.algo;
  plan.workspace = best.workspaceSize;
  return 0;
}

}  // namespace

int cublaslt_open(char* version, std::size_t most) {
  if (g_library.handle == nullptr) {
    const inferbench::LoadedLibrary library =
        inferbench::load_vendor_library(inferbench::vendor_library("cuBLASLt"));
    if (library.handle == nullptr) return failed(library.reason);
    if (const char* missing = look_up(library.handle, g_library)) {
      return failed(library.path + " has no " + missing);
    }
    if (const int error = cublas_status(g_library.cublasLtCreate(&g_library.handle), "starting")) {
      return error;
    }
  }
  const std::size_t number = g_library.cublasLtGetVersion();
  std::snprintf(version, most, "%zu.%zu.%zu", number / 10000, number % 10000 / 100, number % 100);
  return 0;
}

int cublaslt_prepare(const void* call, void** plan, std::size_t* workspace_bytes) {
  const auto& gemm = *static_cast<const InferbenchCudaGemm*>(call);
  *plan = nullptr;
  if (gemm.format != INFERBENCH_CUDA_BF16) return failed("cuBLASLt is asked for bf16 only");
  auto made = std::make_unique<Plan>();
  if (const int error = describe(gemm, *made)) return error;
  if (const int error = choose(*made)) return error;
  *workspace_bytes = made->workspace;
  *plan = made.release();
  return 0;
}

int cublaslt_run(void* plan, const void* call) {
  const Plan& made = *static_cast<const Plan*>(plan);
  const auto& gemm = *static_cast<const InferbenchCudaGemm*>(call);
  const float one = 1, zero = 0;
  return cublas_status(
      g_library.cublasLtMatmul(g_library.handle, made.product, &one, gemm.weights, made.weights,
                               gemm.in, made.in, &zero, gemm.out, made.out, gemm.out, made.out,
                               &made.algorithm, gemm.workspace, made.workspace, stream()),
      "multiplying");
}

void cublaslt_release(void* plan) {
  delete static_cast<Plan*>(plan);
}

}  // namespace inferbench_cuda

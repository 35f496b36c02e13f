// GEMMs of many tokens by wgmma: launches of kernels/cuda/gemm/wide.cuh. For sm_90a alone.
#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/device/properties.hpp"
#include "kernels/cuda/gemm/wide.cuh"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {
namespace {

using inferbench::kWideRows;
using inferbench::WidePlan;
using inferbench::WideType;
using inferbench::simt::WideCall;
using inferbench::simt::WideShared;
using Call = InferbenchCudaGemm;

const Call& gemm(const void* call) {
  return *static_cast<const Call*>(call);
}

constexpr int kFormat[] = {INFERBENCH_CUDA_BF16, INFERBENCH_CUDA_FP8, INFERBENCH_CUDA_W8A8};

constexpr int bytes_of(WideType type) {
  return type == WideType::bf16 ? 2 : 1;
}

template <WideType kType>
const char* refuses(const void* call) {
  const Call& c = gemm(call);
  if (c.format != kFormat[static_cast<int>(kType)]) return "the format is another kernel's";
  if (!is_hopper()) return "wgmma is sm_90a's alone";
  if (c.k * bytes_of(kType) % 16 != 0) return "a row of k is no multiple of 16 bytes";
  return nullptr;
}

template <WideType kType>
int launch_any(const void* call) {
  const Call& c = gemm(call);
  WideCall to;
  if (const int error = tensor_map(to.in, c.in, c.m, c.k, bytes_of(kType), kWideRows)) return error;
  if (const int error = tensor_map(to.weights, c.weights, c.n, c.k, bytes_of(kType), kWideRows))
    return error;
  to.sizes.m = c.m;
  to.sizes.n = c.n;
  to.sizes.k = c.k;
  to.sizes.row_scale = static_cast<const float*>(c.in_scale);
  to.sizes.column_scale = static_cast<const float*>(c.scale);
  to.sizes.out = c.out;
  to.sizes.out_bf16 = static_cast<std::uint16_t*>(c.out_bf16);
  const WidePlan plan = inferbench::wide_plan(c.m, c.n, multiprocessors());
  to.row_pairs = plan.row_pairs;
  to.columns = plan.columns;
  return launch<inferbench::simt::wide_gemm<kType>, sizeof(WideShared), inferbench::kWideCluster>(
      "a GEMM of many tokens", dim3(plan.blocks), 384, to);
}

template <WideType kType>
InferbenchCudaKernel entry(const char* name, const char* summary) {
  return {name, "gemm", summary, 90, sizeof(Call), refuses<kType>, no_workspace, launch_any<kType>};
}

}  // namespace

InferbenchCudaKernel wide_bf16_entry() {
  return entry<WideType::bf16>("wide_bf16", "GEMM of many tokens, wgmma");
}
InferbenchCudaKernel wide_e4m3_entry() {
  return entry<WideType::e4m3>("wide_e4m3", "the same, e4m3");
}
InferbenchCudaKernel wide_int8_entry() {
  return entry<WideType::int8>("wide_int8", "the same, int8, exact sums");
}

}  // namespace inferbench_cuda

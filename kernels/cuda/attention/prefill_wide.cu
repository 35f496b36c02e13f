// prefill_wide.cuh for GPUs: its instances and their entry in the module. For sm_90a alone.
#include "kernels/cuda/attention/prefill_wide.cuh"

#include "kernels/cuda/attention/operands.cuh"
#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/device/properties.hpp"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {
namespace {

using namespace inferbench::cuda_attention;
using Call = InferbenchCudaAttention;

const char* refuses(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  if (!is_hopper()) return "wgmma is sm_90a's alone";
  if (c.e4m3 != 0) return "needs a cache in bf16";
  return refuses_paged(c);
}

template <int kHeadDim>
int launch_of(const Call& call) {
  const WidePrefillOperands operands{paged_operands(call), static_cast<int>(call.requests)};
  const PrefillWork all(operands.paged.tokens, operands.paged.q_heads, operands.requests);
  const std::int64_t most = multiprocessors();
  const auto blocks = static_cast<unsigned>(all.parts < most ? all.parts : most);
  return launch<wide_prefill<kHeadDim>, sizeof(WidePrefillShared<kHeadDim>)>(
      "wide_prefill", dim3(blocks), 384, operands);
}

int launch_any(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  return c.head_dim == 64 ? launch_of<64>(c) : launch_of<128>(c);
}

}  // namespace

InferbenchCudaKernel wide_prefill_entry() {
  return {"wide_prefill",
          "prefill_attention",
          "128 tokens of a head against 128 keys, wgmma",
          90,
          sizeof(Call),
          refuses,
          no_workspace,
          launch_any};
}

}  // namespace inferbench_cuda

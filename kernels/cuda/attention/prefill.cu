// prefill.cuh for GPUs: its instances and their entry in the module.
#include "kernels/cuda/attention/prefill.cuh"

#include "kernels/cuda/attention/operands.cuh"
#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {
namespace {

using namespace inferbench::cuda_attention;
using Call = InferbenchCudaAttention;

const char* refuses(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  if (c.e4m3 != 0) return "needs a cache in bf16";
  if (const char* reason = refuses_paged(c)) return reason;
  if (prefill_blocks(c.tokens) > 65535) return "needs fewer new tokens";
  return nullptr;
}

template <int kHeadDim>
int launch_of(const Call& call) {
  const dim3 grid(static_cast<unsigned>(call.q_heads),
                  static_cast<unsigned>(prefill_blocks(call.tokens)),
                  static_cast<unsigned>(call.requests));
  return launch<prefill<kHeadDim>, sizeof(PrefillShared<kHeadDim>)>(
      "prefill_attention", grid, kPrefillWarps * 32, paged_operands(call));
}

int launch_any(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  return c.head_dim == 64 ? launch_of<64>(c) : launch_of<128>(c);
}

}  // namespace

InferbenchCudaKernel prefill_attention_entry() {
  return {"prefill_attention",
          "prefill_attention",
          "128 tokens of a head against 64 keys, mma.sync",
          80,
          sizeof(Call),
          refuses,
          no_workspace,
          launch_any};
}

}  // namespace inferbench_cuda

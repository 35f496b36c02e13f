// mla.cuh for GPUs and its entry in the module. For sm_90a alone.
#include "kernels/cuda/attention/mla.cuh"

#include "kernels/cuda/attention/operands.cuh"
#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/device/properties.hpp"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {
namespace {

using namespace inferbench::cuda_attention;
using Call = InferbenchCudaAttention;

SIMT_COUNTERS(mla_arrived, kMostMlaCounters);

MlaPlan plan(const Call& call) {
  return plan_mla(call.requests, call.tokens * call.q_heads, call.longest, call.multiprocessors,
                  call.splits);
}

const char* refuses(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  if (!is_hopper()) return "wgmma is sm_90a's alone";
  if (c.e4m3 != 0) return "needs a cache in bf16";
  if (c.head_dim != kMlaKey || c.kv_heads != 1) return "needs latents of 512 and 64 elements";
  if (const char* reason = refuses_numbers(c)) return reason;
  if (plan(c).row_tiles > 65535) return "needs fewer new tokens";
  return nullptr;
}

std::size_t workspace_bytes(const void* call) {
  const MlaPlan p = plan(*static_cast<const Call*>(call));
  return p.splits == 1 ? 0 : 4 * (p.partial_floats() + p.state_floats());
}

int launch_any(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  const MlaPlan p = plan(c);
  MlaOperands operands{};
  operands.paged = paged_operands(c);
  operands.split_tiles = static_cast<int>(p.split_tiles);
  operands.partial_out = static_cast<float*>(c.workspace);
  operands.partial_state = operands.partial_out + p.partial_floats();
  if (const int error = counters(mla_arrived, operands.arrived)) return error;
  const dim3 grid(static_cast<unsigned>(p.splits), static_cast<unsigned>(p.row_tiles),
                  static_cast<unsigned>(c.requests));
  return launch<mla_decode, sizeof(MlaShared)>("mla_decode", grid, 384, operands);
}

}  // namespace

InferbenchCudaKernel mla_decode_entry() {
  return {"mla_decode",
          "mla_decode",
          "64 query rows against 64 latents, wgmma",
          90,
          sizeof(Call),
          refuses,
          workspace_bytes,
          launch_any};
}

}  // namespace inferbench_cuda

// decode.cuh for GPUs: its instances and their entry in the module.
#include "kernels/cuda/attention/decode.cuh"

#include "kernels/cuda/attention/decode_plan.hpp"
#include "kernels/cuda/attention/operands.cuh"
#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {
namespace {

using namespace inferbench::cuda_attention;
using Call = InferbenchCudaAttention;

SIMT_COUNTERS(arrived, kMostDecodeCounters);

DecodeSizes sizes(const Call& call) {
  return {call.requests, call.tokens,  call.q_heads,          call.kv_heads,
          call.head_dim, call.longest, call.e4m3 != 0 ? 1 : 2};
}

DecodePlan plan(const Call& call) {
  return plan_decode(sizes(call), std::int64_t{2} * call.multiprocessors, call.splits);
}

const char* refuses(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  if (const char* reason = refuses_paged(c)) return reason;
  if (plan(c).row_tiles * c.kv_heads > 65535) return "needs fewer new tokens";
  return nullptr;
}

std::size_t workspace_bytes(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  const DecodePlan p = plan(c);
  return p.splits == 1 ? 0 : 4 * (p.partial_floats(sizes(c)) + p.state_floats(sizes(c)));
}

template <class Cache, int kHeadDim>
int launch_of(const Call& call) {
  const DecodePlan p = plan(call);
  DecodeOperands operands{};
  operands.paged = paged_operands(call);
  operands.split_tiles = static_cast<int>(p.split_tiles);
  operands.partial_out = static_cast<float*>(call.workspace);
  operands.partial_state = operands.partial_out + p.partial_floats(sizes(call));
  if (const int error = counters(arrived, operands.arrived)) return error;
  const dim3 grid(static_cast<unsigned>(p.splits),
                  static_cast<unsigned>(call.kv_heads * p.row_tiles),
                  static_cast<unsigned>(call.requests));
  return launch<decode<Cache, kHeadDim>, sizeof(DecodeShared<Cache, kHeadDim>)>(
      "paged_decode", grid, kDecodeWarps * 32, operands);
}

int launch_any(const void* call) {
  const auto& c = *static_cast<const Call*>(call);
  if (c.head_dim == 64) {
    return c.e4m3 != 0 ? launch_of<E4m3Cache, 64>(c) : launch_of<Bf16Cache, 64>(c);
  }
  return c.e4m3 != 0 ? launch_of<E4m3Cache, 128>(c) : launch_of<Bf16Cache, 128>(c);
}

}  // namespace

InferbenchCudaKernel paged_decode_entry() {
  return {"paged_decode",
          "paged_decode",
          "the cache split over blocks, 16 query rows a pass",
          80,
          sizeof(Call),
          refuses,
          workspace_bytes,
          launch_any};
}

}  // namespace inferbench_cuda

// GEMMs of few tokens: launches of kernels/cuda/gemm/skinny.cuh.
#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/device/properties.hpp"
#include "kernels/cuda/gemm/skinny.cuh"
#include "kernels/cuda/gemm/skinny_packing.hpp"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {
namespace {

using inferbench::kSkinnyColumns;
using inferbench::kSkinnyDepth;
using inferbench::SkinnyPlan;
using inferbench::SkinnyWeights;
using inferbench::simt::SkinnyCall;
using Call = InferbenchCudaGemm;

constexpr std::size_t kMostCounters = 4096;
SIMT_COUNTERS(arrived, kMostCounters);

const Call& gemm(const void* call) {
  return *static_cast<const Call*>(call);
}

constexpr int kFormat[] = {INFERBENCH_CUDA_BF16, INFERBENCH_CUDA_W8A16, INFERBENCH_CUDA_W4A16};

template <SkinnyWeights kType>
SkinnyPlan plan(const Call& c) {
  return inferbench::skinny_plan(kType, c.m, c.n, c.k, c.group, multiprocessors());
}

template <SkinnyWeights kType>
const char* refuses(const void* call) {
  const Call& c = gemm(call);
  if (c.format != kFormat[static_cast<int>(kType)]) return "the format is another kernel's";
  if (c.k % kSkinnyDepth != 0) return "k is no multiple of 64";
  if (c.m > 65535 * 64) return "there are more than 4,194,240 tokens";
  if (kType == SkinnyWeights::int4 && c.group != 64 && c.group != 128) {
    return "groups are of 64 or 128 k here";
  }
  if (kType == SkinnyWeights::int4 && c.k % c.group != 0) return "the last group is short";
  if (c.out_bf16 != nullptr) return "results are fp32 here";
  if (plan<kType>(c).counters > kMostCounters) return "there are more tiles than counters";
  return nullptr;
}

template <SkinnyWeights kType>
std::size_t workspace_bytes(const void* call) {
  return plan<kType>(gemm(call)).partial_bytes;
}

template <SkinnyWeights kType, int kTiles>
int launch_tiles(const SkinnyCall& call, const SkinnyPlan& p) {
  return launch<inferbench::simt::skinny_gemm<kType, kTiles>,
                sizeof(inferbench::simt::SkinnyShared<kType, kTiles>)>(
      "a GEMM of few tokens", dim3(p.columns, p.rows, p.splits), 128, call);
}

template <SkinnyWeights kType>
int launch_any(const void* call) {
  const Call& c = gemm(call);
  const SkinnyPlan p = plan<kType>(c);
  SkinnyCall to;
  to.m = c.m;
  to.n = c.n;
  to.padded_n = (c.n + kSkinnyColumns - 1) / kSkinnyColumns * kSkinnyColumns;
  to.k = c.k;
  to.group = c.group;
  to.in = static_cast<const std::uint16_t*>(c.in);
  to.weights = c.weights;
  to.scale = c.scale;
  to.zero = static_cast<const std::uint8_t*>(c.zero);
  to.out = c.out;
  to.partial = c.workspace;
  if (const int error = counters(arrived, to.arrived)) return error;
  switch (p.tiles) {
    case 1:
      return launch_tiles<kType, 1>(to, p);
    case 2:
      return launch_tiles<kType, 2>(to, p);
    case 4:
      return launch_tiles<kType, 4>(to, p);
    default:
      return launch_tiles<kType, 8>(to, p);
  }
}

template <SkinnyWeights kType>
InferbenchCudaKernel entry(const char* name, const char* summary) {
  return {name,
          "gemm",
          summary,
          80,
          sizeof(Call),
          refuses<kType>,
          workspace_bytes<kType>,
          launch_any<kType>};
}

}  // namespace

InferbenchCudaKernel skinny_bf16_entry() {
  return entry<SkinnyWeights::bf16>("skinny_bf16", "GEMM of few tokens, mma.sync, split k");
}
InferbenchCudaKernel skinny_w8a16_entry() {
  return entry<SkinnyWeights::int8>("skinny_w8a16", "the same, int8 weights");
}
InferbenchCudaKernel skinny_w4a16_entry() {
  return entry<SkinnyWeights::int4>("skinny_w4a16", "the same, int4 weights in groups");
}

}  // namespace inferbench_cuda

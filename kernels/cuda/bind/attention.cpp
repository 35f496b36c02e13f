#include "kernels/cuda/bind/attention.hpp"

#include "kernels/attention/problem.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cuda/bind/bound_kernel.hpp"
#include "kernels/cuda/calls.h"

namespace inferbench {
namespace {

// Probabilities are rounded to bf16 before they weigh values: 2^-9 each, and the scores' own
// rounding.
constexpr double kRelativeError = 1e-2;

std::int64_t new_tokens_of(const KernelCase& c) {
  return c.at(c.axes.contains("tokens") ? "tokens" : "q");
}

// The sizes of a case, before anything is drawn.
InferbenchCudaAttention sizes_of(const KernelCase& c, int multiprocessors) {
  InferbenchCudaAttention call = {};
  call.requests = c.at("requests");
  call.tokens = new_tokens_of(c);
  call.q_heads = c.at("q_heads");
  call.kv_heads = c.at("kv_heads");
  call.head_dim = c.at("head_dim");
  call.longest = c.at("context") + call.tokens;
  call.max_blocks = (call.longest + kKvBlock - 1) / kKvBlock;
  call.e4m3 = kv_type(c.format) == KvType::e4m3 ? 1 : 0;
  call.multiprocessors = multiprocessors;
  return call;
}

std::vector<std::uint16_t> to_bf16(const std::vector<float>& from) {
  std::vector<std::uint16_t> to;
  to.reserve(from.size());
  for (const float x : from) to.push_back(float_to_bf16(x));
  return to;
}

class CudaAttention final : public CudaBoundKernel {
 public:
  CudaAttention(const AttentionProblem& p, const char* kernel)
      : CudaBoundKernel(p.outputs()),
        kernel_(cuda_kernel(kernel)),
        keys_(DeviceMemory::of(p.cache.keys)),
        values_(DeviceMemory::of(p.cache.values)),
        block_table_(DeviceMemory::of(p.block_table)),
        context_(DeviceMemory::of(std::vector<std::int32_t>(p.context.begin(), p.context.end()))),
        call_(sizes_of(p.shape(), CudaSession::open().device().multiprocessors)) {
    activations_ = DeviceMemory::of(to_bf16(p.q));
    call_.max_blocks = p.max_blocks;
    call_.scale = static_cast<float>(p.scale);
    call_.q = activations_.data();
    call_.keys = keys_.data();
    call_.values = values_.data();
    call_.block_table = block_table_.as<std::int32_t>();
    call_.context = context_.as<std::int32_t>();
    call_.out = out_.as<float>();
    workspace_ = DeviceMemory::zeros(kernel_.workspace_bytes(&call_));
    call_.workspace = workspace_.data();
  }
  void launch() override { launch_kernel(kernel_, call_); }

 private:
  const InferbenchCudaKernel& kernel_;
  DeviceMemory keys_, values_, block_table_, context_, workspace_;
  InferbenchCudaAttention call_;
};

template <const char* kKernel>
Support attention_available(const KernelCase& c) {
  if (c.at("window") != 0) return Support::no("computes no sliding window");
  if (c.at("value_dim") != 0 && c.at("value_dim") != c.at("head_dim")) {
    return Support::no("needs values as wide as keys");
  }
  const InferbenchCudaAttention sizes = sizes_of(c, 1);
  return supports_cuda_kernel(kKernel, &sizes);
}

template <const char* kKernel>
std::unique_ptr<BoundKernel> bind_attention(const Problem& problem, unsigned /*threads*/) {
  return std::make_unique<CudaAttention>(dynamic_cast<const AttentionProblem&>(problem), kKernel);
}

constexpr char kWidePrefill[] = "wide_prefill", kPrefill[] = "prefill_attention",
               kDecode[] = "paged_decode";

template <const char* kKernel>
Implementation attention(const char* op, const char* name, const std::vector<std::string>& formats,
                         const char* summary) {
  return {.op = op,
          .name = name,
          .provider = "own",
          .formats = formats,
          .summary = summary,
          .available = attention_available<kKernel>,
          .bind = bind_attention<kKernel>,
          .device = Device::cuda,
          .relative_error = kRelativeError};
}

}  // namespace

std::vector<Implementation> cuda_attention_implementations() {
  return {attention<kWidePrefill>("prefill_attention", "wgmma", {"bf16"},
                                  "Hopper: wgmma, tiles of 128 keys copied ahead"),
          attention<kPrefill>("prefill_attention", "mma", {"bf16"},
                              "mma.sync, 128 tokens of a head against 64 keys"),
          attention<kDecode>("paged_decode", "split_kv", {"bf16", "fp8_e4m3"},
                             "mma.sync, the cache split over blocks, 16 query rows a pass")};
}

}  // namespace inferbench

#include "kernels/attention/implementations.hpp"

#include <cstring>
#include <memory>
#include <numeric>

#include "kernels/attention/attention.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {
namespace {

// A case's cache and queries in memory as an executor has them.
class Bound final : public BoundKernel {
 public:
  Bound(const AttentionProblem& p, Isa isa, AttentionMethod method, unsigned threads)
      : q_(p.q.size()),
        keys_(p.cache.keys.size()),
        values_(p.cache.values.size()),
        key_scale_(p.cache.key_scale),
        value_scale_(p.cache.value_scale),
        starts_(p.context.size() + 1),
        context_(p.context),
        block_table_(p.block_table),
        method_(method),
        out_(p.outputs()),
        team_(threads),
        attention_(p.heads(), team_, isa) {
    std::memcpy(q_.data(), p.q.data(), p.q.size() * sizeof(float));
    std::memcpy(keys_.data(), p.cache.keys.data(), keys_.size());
    if (!p.latent) std::memcpy(values_.data(), p.cache.values.data(), values_.size());
    for (std::size_t r = 0; r < starts_.size(); ++r) {
      starts_[r] = static_cast<std::int64_t>(r) * p.tokens;
    }
    batch_ = {.starts = starts_,
              .context = context_,
              .block_table = block_table_,
              .max_blocks = p.max_blocks};
    cache_ = {.type = p.kv,
              .blocks = p.blocks,
              .kv_heads = p.kv_heads,
              .key_dim = p.head_dim,
              .value_dim = p.value_dim,
              .keys = keys_.data(),
              .values = p.latent ? nullptr : values_.data(),
              .key_scale = key_scale_.empty() ? nullptr : key_scale_.data(),
              .value_scale = value_scale_.empty() ? nullptr : value_scale_.data()};
  }

  void run() override { attention_.run(batch_, q_.span(), cache_, out_.span(), method_); }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }
  std::span<const std::byte> activations() override {
    return std::as_bytes(std::span<const float>(q_.span()));
  }

 private:
  Buffer<float> q_;
  Buffer<std::byte> keys_, values_;
  std::vector<float> key_scale_, value_scale_;
  std::vector<std::int64_t> starts_, context_;
  std::vector<std::int32_t> block_table_;
  AttentionBatch batch_;
  KvCache cache_;
  AttentionMethod method_;
  GuardedOutput out_;
  ThreadTeam team_;
  PagedAttention attention_;
};

template <Isa kIsa, AttentionMethod kMethod>
std::unique_ptr<BoundKernel> bind(const Problem& problem, unsigned threads) {
  return std::make_unique<Bound>(dynamic_cast<const AttentionProblem&>(problem), kIsa, kMethod,
                                 threads);
}

template <Isa kIsa>
Implementation prefill() {
  return {.op = "prefill_attention",
          .name = std::string(name(kIsa)),
          .provider = "own",
          .needs = kIsa,
          .formats = kv_formats(),
          .summary = "tiles of 336 query rows, online softmax over blocks of 128 keys",
          .available = heads_are_whole,
          .bind = bind<kIsa, AttentionMethod::tiles>};
}

template <Isa kIsa>
Implementation decode() {
  return {.op = "paged_decode",
          .name = std::string(name(kIsa)),
          .provider = "own",
          .needs = kIsa,
          .formats = kv_formats(),
          .summary = "split KV, query rows share passes over pages, next pages prefetched",
          .available = heads_are_whole,
          .bind = bind<kIsa, AttentionMethod::pages>};
}

template <Isa kIsa>
Implementation mla() {
  return {.op = "mla_decode",
          .name = std::string(name(kIsa)),
          .provider = "own",
          .needs = kIsa,
          .formats = mla_decode_op().formats,
          .summary = "split KV, all heads of a token against latents packed as keys and values",
          .available = heads_are_whole,
          .bind = bind<kIsa, AttentionMethod::tiles>};
}

}  // namespace

Implementation prefill_attention_avx512() {
  return prefill<Isa::avx512>();
}
Implementation prefill_attention_avx2() {
  return prefill<Isa::avx2>();
}
Implementation prefill_attention_portable() {
  return prefill<Isa::portable>();
}
Implementation paged_decode_avx512() {
  return decode<Isa::avx512>();
}
Implementation paged_decode_avx2() {
  return decode<Isa::avx2>();
}
Implementation paged_decode_portable() {
  return decode<Isa::portable>();
}

Implementation mla_decode_avx512() {
  return mla<Isa::avx512>();
}
Implementation mla_decode_avx2() {
  return mla<Isa::avx2>();
}
Implementation mla_decode_portable() {
  return mla<Isa::portable>();
}

}  // namespace inferbench

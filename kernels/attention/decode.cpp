#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "kernels/attention/implementations.hpp"
#include "kernels/attention/kernels.hpp"
#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {
namespace {

// Tokens of one part of a request's cache. Long contexts are split so that threads can share one
// request; fixed, so that the result does not depend on their number.
constexpr std::int64_t kSplit = 1024;

struct Part {
  std::int64_t request = 0, first = 0, last = 0;
};

class Bound final : public BoundKernel {
 public:
  Bound(const AttentionProblem& p, DecodeKernel kernel, unsigned threads)
      : p_(p),
        kernel_(kernel),
        q_(p.q.size()),
        cached_keys_(p.cache.keys.size()),
        cached_values_(p.cache.values.size()),
        out_(p.outputs()),
        team_(threads) {
    std::memcpy(cached_keys_.data(), p.cache.keys.data(), cached_keys_.size());
    std::memcpy(cached_values_.data(), p.cache.values.data(), cached_values_.size());
    p_.q = {}, p_.cache.keys = {}, p_.cache.values = {};
    const float scale = 1.0F / std::sqrt(static_cast<float>(p.head_dim));
    for (std::size_t i = 0; i < p.q.size(); ++i) q_[i] = p.q[i] * scale;
    for (std::int64_t r = 0; r < p.requests; ++r) {
      const auto seen = p.visible(r, 0);
      first_part_.push_back(parts_.size());
      for (std::int64_t at = seen.first; at < seen.last;) {
        const std::int64_t end = std::min(seen.last, (at / kSplit + 1) * kSplit);
        parts_.push_back({.request = r, .first = at, .last = end});
        at = end;
      }
    }
    first_part_.push_back(parts_.size());
    const auto heads = static_cast<std::size_t>(p.q_heads),
               dim = static_cast<std::size_t>(p.head_dim);
    largest_ = Buffer<float>(parts_.size() * heads);
    sum_ = Buffer<float>(parts_.size() * heads);
    values_ = Buffer<float>(parts_.size() * heads * dim);
  }

  void run() override {
    team_.run([&](unsigned rank) {
      const Range mine = share(static_cast<std::int64_t>(parts_.size()), rank, team_.size());
      for (std::int64_t i = mine.begin; i < mine.end; ++i) run_part(static_cast<std::size_t>(i));
    });
    team_.run([&](unsigned rank) {
      const Range mine = share(p_.requests * p_.q_heads, rank, team_.size());
      for (std::int64_t i = mine.begin; i < mine.end; ++i) combine(i / p_.q_heads, i % p_.q_heads);
    });
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  void run_part(std::size_t i) {
    const Part& part = parts_[i];
    const std::size_t heads = static_cast<std::size_t>(p_.q_heads);
    DecodeCall c;
    c.keys = cached_keys_.data(), c.values = cached_values_.data();
    if (!p_.cache.key_scale.empty()) {
      c.key_scale = p_.cache.key_scale.data(), c.value_scale = p_.cache.value_scale.data();
    }
    c.blocks = p_.block_table.data() + part.request * p_.max_blocks;
    c.first = part.first, c.last = part.last;
    c.q_heads = p_.q_heads, c.kv_heads = p_.kv_heads, c.head_dim = p_.head_dim;
    c.q = q_.data() + part.request * p_.q_heads * p_.head_dim;
    c.state = {.largest = largest_.data() + i * heads,
               .sum = sum_.data() + i * heads,
               .values = values_.data() + i * heads * static_cast<std::size_t>(p_.head_dim)};
    kernel_(c);
  }

  void combine(std::int64_t request, std::int64_t head) {
    const std::size_t begin = first_part_[static_cast<std::size_t>(request)],
                      end = first_part_[static_cast<std::size_t>(request) + 1];
    const auto heads = static_cast<std::size_t>(p_.q_heads), h = static_cast<std::size_t>(head),
               dim = static_cast<std::size_t>(p_.head_dim);
    float largest = largest_[begin * heads + h];
    for (std::size_t i = begin; i < end; ++i) largest = std::max(largest, largest_[i * heads + h]);
    float* out = out_.span().data() + (static_cast<std::size_t>(request) * heads + h) * dim;
    std::fill_n(out, dim, 0.0F);
    float total = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const float factor = std::exp(largest_[i * heads + h] - largest);
      const float* values = values_.data() + (i * heads + h) * dim;
      total += factor * sum_[i * heads + h];
      for (std::size_t d = 0; d < dim; ++d) out[d] += factor * values[d];
    }
    for (std::size_t d = 0; d < dim; ++d) out[d] /= total;
  }

  AttentionProblem p_;
  DecodeKernel kernel_;
  Buffer<float> q_;
  Buffer<std::byte> cached_keys_, cached_values_;
  std::vector<Part> parts_;
  std::vector<std::size_t> first_part_;  // of each request, and the end
  Buffer<float> largest_, sum_, values_;
  GuardedOutput out_;
  ThreadTeam team_;
};

using Pick = DecodeKernel (*)(KvType);

template <Pick kPick>
std::unique_ptr<BoundKernel> bind(const Problem& problem, unsigned threads) {
  const auto& p = dynamic_cast<const AttentionProblem&>(problem);
  return std::make_unique<Bound>(p, kPick(p.kv), threads);
}

}  // namespace

Implementation paged_decode_avx512() {
  return {.op = "paged_decode",
          .name = "avx512",
          .provider = "own",
          .needs = Isa::avx512,
          .formats = kv_formats(),
          .summary = "split KV, a group's query heads in one pass, next page prefetched",
          .available = head_dim_is_whole,
          .bind = bind<decode_kernel_avx512>};
}

Implementation paged_decode_avx2() {
  return {.op = "paged_decode",
          .name = "avx2",
          .provider = "own",
          .needs = Isa::avx2,
          .formats = kv_formats(),
          .summary = "split KV, a group's query heads in one pass, next page prefetched",
          .available = head_dim_is_whole,
          .bind = bind<decode_kernel_avx2>};
}

}  // namespace inferbench

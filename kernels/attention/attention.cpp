#include "kernels/attention/attention.hpp"

#include <string>
#include <vector>

#include "harness/base/error.hpp"
#include "kernels/attention/job.hpp"

namespace inferbench {
namespace {

void check_shape(const AttentionShape& shape) {
  if (shape.kv_heads < 1 || shape.q_heads < 1 || shape.q_heads % shape.kv_heads != 0) {
    throw Error("attention",
                "q_heads = " + std::to_string(shape.q_heads) +
                    " with kv_heads = " + std::to_string(shape.kv_heads),
                "each key-value head serves equally many query heads");
  }
  for (const std::int64_t dim : {shape.key_dim, shape.value_dim}) {
    if (dim < 16 || dim % 16 != 0) {
      throw Error("attention", "head of " + std::to_string(dim) + " elements",
                  "kernels load whole vectors: heads are multiples of 16");
    }
  }
}

void check_size(const char* what, std::size_t size, std::int64_t tokens, std::int64_t heads,
                std::int64_t dim) {
  if (size == static_cast<std::size_t>(tokens * heads * dim)) return;
  throw Error("attention", std::string(what) + " has " + std::to_string(size) + " elements",
              "must have " + std::to_string(tokens) + " tokens * " + std::to_string(heads) +
                  " heads * " + std::to_string(dim));
}

void check_cache(const KvCache& cache, const AttentionShape& shape) {
  const bool shared = cache.values == nullptr && cache.value_dim <= cache.key_dim;
  if (cache.kv_heads != shape.kv_heads || cache.key_dim != shape.key_dim ||
      cache.value_dim != shape.value_dim || cache.keys == nullptr ||
      (cache.values == nullptr && !shared)) {
    throw Error("attention", "KV cache", "must have the heads of the attention's shape");
  }
  if (cache.type == KvType::int8 &&
      (cache.key_scale == nullptr || (cache.values != nullptr && cache.value_scale == nullptr))) {
    throw Error("attention", "int8 KV cache without scales", "has one per token and head");
  }
}

}  // namespace

struct PagedAttention::Parts {
  AttentionShape shape;
  PageAttention pages;
  TileAttention tiles;
  std::vector<std::int64_t> by_pages, by_tiles;  // sequences of this call
};

PagedAttention::PagedAttention(const AttentionShape& shape, ThreadTeam& team, Isa isa) {
  check_shape(shape);
  const AttentionKernels& kernels = attention_kernels(isa);
  parts_ = std::make_unique<Parts>(Parts{.shape = shape,
                                         .pages = PageAttention(kernels, team),
                                         .tiles = TileAttention(shape, kernels, team),
                                         .by_pages = {},
                                         .by_tiles = {}});
}

PagedAttention::~PagedAttention() = default;

void PagedAttention::run(const AttentionBatch& batch, std::span<const float> q,
                         const KvCache& cache, std::span<float> out, AttentionMethod method) {
  const AttentionShape& shape = parts_->shape;
  check_cache(cache, shape);
  check_batch(batch, cache.blocks);
  check_size("q", q.size(), batch.tokens(), shape.q_heads, shape.key_dim);
  check_size("out", out.size(), batch.tokens(), shape.q_heads, shape.value_dim);
  // Values that are keys lie as far apart as keys: only tiles walk them so.
  if (cache.values == nullptr) method = AttentionMethod::tiles;
  parts_->by_pages.clear(), parts_->by_tiles.clear();
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t tokens = batch.new_tokens(s);
    if (tokens == 0) continue;
    const bool pages = method == AttentionMethod::pages ||
                       (method == AttentionMethod::by_tokens && tokens <= kMostPageTokens);
    (pages ? parts_->by_pages : parts_->by_tiles).push_back(s);
  }
  const AttentionJob job{
      .shape = shape, .batch = batch, .cache = cache, .q = q.data(), .out = out.data()};
  parts_->tiles.run(job, parts_->by_tiles);
  parts_->pages.run(job, parts_->by_pages);
}

}  // namespace inferbench

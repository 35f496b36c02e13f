#include "kernels/attention/attention.hpp"

#include <algorithm>
#include <cmath>
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

// Positions ascend within each sequence, and its table has what they see of the share.
void check_partial(const AttentionJob& job) {
  const AttentionBatch& batch = job.batch;
  const std::span<const std::int64_t> positions = job.partial->positions;
  const auto sequences = static_cast<std::size_t>(batch.sequences());
  if (batch.starts.size() != sequences + 1 || batch.starts.front() != 0 ||
      positions.size() != static_cast<std::size_t>(batch.tokens()) ||
      batch.block_table.size() != sequences * static_cast<std::size_t>(batch.max_blocks)) {
    throw Error("partial attention", std::to_string(positions.size()) + " positions",
                "a position of each token, and a row of blocks of each sequence");
  }
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t tokens = batch.new_tokens(s);
    if (tokens == 0) continue;
    const auto own = positions.subspan(static_cast<std::size_t>(batch.start(s)),
                                       static_cast<std::size_t>(tokens));
    const TokenRange seen = {job.visible(s, 0).first, job.visible(s, tokens - 1).last};
    const std::int64_t end = (seen.last + kKvBlock - 1) / kKvBlock;
    bool right =
        own.front() >= 0 && std::is_sorted(own.begin(), own.end()) && end <= batch.max_blocks;
    for (std::int64_t b = seen.first / kKvBlock; right && b < end; ++b) {
      right = batch.blocks(s)[b] >= 0 && batch.blocks(s)[b] < job.cache.blocks;
    }
    if (right) continue;
    throw Error("partial attention", "sequence " + std::to_string(s),
                "positions ascend from 0 or more, and its blocks are of the cache");
  }
}

// A row and its log-sum-exp.
void merge_row(float* out, float* lse, const float* other, float other_lse, std::int64_t dim) {
  if (other_lse == -HUGE_VALF) return;
  const float largest = std::max(*lse, other_lse);
  const float mine = std::exp(*lse - largest), theirs = std::exp(other_lse - largest);
  const float sum = mine + theirs;
  for (std::int64_t d = 0; d < dim; ++d) out[d] = (out[d] * mine + other[d] * theirs) / sum;
  *lse = largest + std::log(sum);
}

}  // namespace

void merge_attention(const AttentionPart& to, std::span<const float> other,
                     std::span<const float> other_lse, std::int64_t dim, ThreadTeam& team) {
  const std::size_t rows = to.lse.size();
  if (to.out.size() != rows * static_cast<std::size_t>(dim) || other.size() != to.out.size() ||
      other_lse.size() != rows) {
    throw Error("merge_attention", std::to_string(rows) + " rows",
                "both parts have as many, of dim elements");
  }
  const auto merge = [&](std::int64_t row) {
    const auto at = static_cast<std::size_t>(row);
    merge_row(to.out.data() + row * dim, &to.lse[at], other.data() + row * dim, other_lse[at], dim);
  };
  const auto count = static_cast<std::int64_t>(rows);
  constexpr std::int64_t kWorthwhile = 32768;  // waking threads takes longer than fewer elements do
  if (count * dim < kWorthwhile) {
    for (std::int64_t row = 0; row < count; ++row) merge(row);
    return;
  }
  team.run([&](unsigned rank) {
    const Range mine = share(count, rank, team.size());
    for (std::int64_t row = mine.begin; row < mine.end; ++row) merge(row);
  });
}

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
  compute({.shape = shape, .batch = batch, .cache = cache, .q = q.data(), .out = out.data()},
          method);
}

void PagedAttention::run_partial(const AttentionBatch& batch, const PartialAttention& part,
                                 std::span<const float> q, const KvCache& cache,
                                 std::span<float> out, AttentionMethod method) {
  const AttentionShape& shape = parts_->shape;
  check_cache(cache, shape);
  check_size("q", q.size(), batch.tokens(), shape.q_heads, shape.key_dim);
  check_size("out", out.size(), batch.tokens(), shape.q_heads, shape.value_dim);
  check_size("lse", part.lse.size(), batch.tokens(), shape.q_heads, 1);
  const AttentionJob job{.shape = shape,
                         .batch = batch,
                         .cache = cache,
                         .q = q.data(),
                         .out = out.data(),
                         .partial = &part};
  check_partial(job);
  compute(job, method);
}

void PagedAttention::compute(const AttentionJob& job, AttentionMethod method) {
  // Values that are keys lie as far apart as keys: only tiles walk them so.
  if (job.cache.values == nullptr) method = AttentionMethod::tiles;
  parts_->by_pages.clear(), parts_->by_tiles.clear();
  for (std::int64_t s = 0; s < job.batch.sequences(); ++s) {
    const std::int64_t tokens = job.batch.new_tokens(s);
    if (tokens == 0) continue;
    const bool pages = method == AttentionMethod::pages ||
                       (method == AttentionMethod::by_tokens && tokens <= kMostPageTokens);
    (pages ? parts_->by_pages : parts_->by_tiles).push_back(s);
  }
  parts_->tiles.run(job, parts_->by_tiles);
  parts_->pages.run(job, parts_->by_pages);
}

}  // namespace inferbench

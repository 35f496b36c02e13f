#include "harness/execute/transformer/context_attention.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/to_size.hpp"

namespace inferbench {
namespace {

// Rows `rows` of a matrix, one after another.
void gather_rows(std::span<const float> from, std::span<const std::int64_t> rows,
                 std::int64_t width, float* to) {
  for (const std::int64_t row : rows) to = std::copy_n(from.data() + row * width, width, to);
}
void scatter_rows(std::span<const float> from, std::span<const std::int64_t> rows,
                  std::int64_t width, std::span<float> to) {
  const float* at = from.data();
  for (const std::int64_t row : rows) {
    std::copy_n(at, width, to.data() + row * width);
    at += width;
  }
}

// Bytes of one page of all heads in each array of a cache.
struct PageSizes {
  explicit PageSizes(const KvCache& cache)
      : keys(to_size(cache.kv_heads * kKvBlock * cache.key_dim) * kv_bytes(cache.type)),
        values(cache.values == nullptr
                   ? 0
                   : to_size(cache.kv_heads * kKvBlock * cache.value_dim) * kv_bytes(cache.type)),
        key_scale(cache.key_scale == nullptr ? 0
                                             : to_size(cache.kv_heads * kKvBlock) * sizeof(float)),
        value_scale(cache.value_scale == nullptr ? 0 : key_scale) {}
  std::size_t all() const { return keys + values + key_scale + value_scale; }

  std::size_t keys, values, key_scale, value_scale;
};

}  // namespace

void ContextAttention::Queries::clear() {
  for (auto* list : {&starts, &context, &positions, &sequence_of, &rows}) list->clear();
  starts.push_back(0);
}

void ContextAttention::Shipment::resize(std::int64_t count, std::size_t page_bytes) {
  pages = count;
  bytes = to_size(count) * page_bytes;
  if (data.size() < bytes) data = Buffer<std::byte>(bytes);
}

// Keys of all pages, then values, then scales.
KvCache ContextAttention::Shipment::view(const KvCache& like) {
  const PageSizes sizes(like);
  KvCache cache = like;
  std::byte* at = data.data();
  const auto take = [&](std::size_t page_bytes) {
    std::byte* begin = page_bytes == 0 ? nullptr : at;
    at += to_size(pages) * page_bytes;
    return begin;
  };
  cache.blocks = pages;
  cache.keys = take(sizes.keys);
  cache.values = take(sizes.values);
  cache.key_scale = reinterpret_cast<float*>(take(sizes.key_scale));
  cache.value_scale = reinterpret_cast<float*>(take(sizes.value_scale));
  return cache;
}

ContextAttention::ContextAttention(Communicator& group, const DecoderShape& shape, bool by_token,
                                   ThreadTeam& team)
    : group_(group),
      team_(team),
      share_({group.rank(), group.size()}),
      by_token_(by_token),
      heads_(shape.heads),
      q_width_(shape.heads * shape.key_dim()),
      out_width_(shape.heads * shape.value_dim()),
      value_dim_(shape.value_dim()) {}

// The tokens of a sequence that rank `rank` has; `own_row`: the first of them among this rank's, or
// -1.
void ContextAttention::add(Queries& to, std::int64_t sequence, int rank, std::int64_t own_row) {
  const KvShare held = share_of(rank);
  const auto close = [&] {
    to.starts.push_back(to.tokens());
    to.context.push_back(0);
    to.sequence_of.push_back(sequence);
  };
  const std::int64_t first = whole_.cached(sequence), end = first + whole_.new_tokens(sequence);
  for (std::int64_t position = first; position < end; ++position) {
    if (held.rank_of(position) != rank) continue;
    to.positions.push_back(position);
    if (own_row >= 0) to.rows.push_back(own_row++);
    if (by_token_) close();
  }
  if (!by_token_ && to.starts.back() != to.tokens()) close();
}

// A row of blocks for each of the kernel's sequences.
void ContextAttention::fill_table(Queries& queries, std::span<const std::int32_t> tables) const {
  queries.table.clear();
  for (const std::int64_t s : queries.sequence_of) {
    const auto row = tables.subspan(to_size(s * whole_.max_blocks), to_size(whole_.max_blocks));
    queries.table.insert(queries.table.end(), row.begin(), row.end());
  }
}

const TokenBatch& ContextAttention::begin(const TokenBatch& whole) {
  const TokenBatch& own = share_.take(whole);
  whole_ = whole.sequences;
  passed_.clear();
  asked_.clear();
  passed_around_.clear();
  asked_from_.assign(1, 0);
  const auto asks = [&](std::int64_t s) { return whole_.new_tokens(s) <= kMostPageTokens; };
  for (std::int64_t s = 0; s < whole_.sequences(); ++s) {
    if (asks(s)) continue;
    passed_around_.push_back(s);
    add(passed_, s, group_.rank(), own.sequences.start(s));
  }
  for (int rank = 0; rank < group_.size(); ++rank) {
    for (std::int64_t s = 0; s < whole_.sequences(); ++s) {
      if (asks(s)) add(asked_, s, rank, rank == group_.rank() ? own.sequences.start(s) : -1);
    }
    asked_from_.push_back(asked_.tokens());
  }
  fill_table(asked_, whole_.block_table);
  for (Queries* queries : {&passed_, &asked_}) {
    const std::int64_t tokens = queries->tokens();
    queries->q.resize(to_size(tokens * q_width_));
    queries->out.resize(to_size(tokens * out_width_));
    queries->lse.resize(to_size(tokens * heads_));
    const auto others = static_cast<std::int64_t>(queries->rows.size());
    queries->other.resize(to_size(others * out_width_));
    queries->other_lse.resize(to_size(others * heads_));
  }
  return own;
}

// Over the part of the keys that rank `of` caches.
void ContextAttention::run(const Layer& layer, const KvCache& cache, int of, Queries& queries,
                           std::span<float> out, std::span<float> lse) const {
  layer.kernel.run_partial({.starts = queries.starts,
                            .context = queries.context,
                            .block_table = queries.table,
                            .max_blocks = whole_.max_blocks},
                           {.positions = queries.positions, .cached = share_of(of), .lse = lse},
                           queries.q, cache, out);
}

std::span<float> ContextAttention::asked_rows(std::vector<float>& of, int rank,
                                              std::int64_t width) const {
  const std::int64_t first = asked_from_[to_size(rank)], end = asked_from_[to_size(rank + 1)];
  return std::span(of).subspan(to_size(first * width), to_size((end - first) * width));
}

void ContextAttention::gather_queries(std::span<const float> q) {
  const std::span<float> own = asked_rows(asked_.q, group_.rank(), q_width_);
  gather_rows(q, asked_.rows, q_width_, own.data());
  for (int round = 1; round < group_.size(); ++round) {
    group_.exchange(after(round), std::as_bytes(own), before(round),
                    std::as_writable_bytes(asked_rows(asked_.q, before(round), q_width_)));
  }
  asked_queries_ += static_cast<std::int64_t>(asked_.rows.size());
}

void ContextAttention::attend_asked(const Layer& layer) {
  run(layer, layer.cache, group_.rank(), asked_, asked_.out, asked_.lse);
}

void ContextAttention::return_outputs(std::span<float> out) {
  const AttentionPart own{.out = asked_rows(asked_.out, group_.rank(), out_width_),
                          .lse = asked_rows(asked_.lse, group_.rank(), heads_)};
  for (int round = 1; round < group_.size(); ++round) {
    const auto exchange = [&](std::vector<float>& of, std::int64_t width, std::vector<float>& in) {
      group_.exchange(after(round), std::as_bytes(asked_rows(of, after(round), width)),
                      before(round), std::as_writable_bytes(std::span(in)));
    };
    exchange(asked_.out, out_width_, asked_.other);
    exchange(asked_.lse, heads_, asked_.other_lse);
    merge_attention(own, asked_.other, asked_.other_lse, value_dim_, team_);
  }
  scatter_rows(own.out, asked_.rows, out_width_, out);
}

void ContextAttention::take_queries(std::span<const float> q) {
  gather_rows(q, passed_.rows, q_width_, passed_.q.data());
}

// That rank `rank` has of a sequence, and that any of its queries may see.
Range ContextAttention::pages_of(int rank, std::int64_t sequence, std::int64_t window) const {
  const std::int64_t cached = whole_.cached(sequence);
  const std::int64_t first = window > 0 ? std::max<std::int64_t>(0, cached + 1 - window) : 0;
  const KvShare held = share_of(rank);
  const std::int64_t tokens = held.of_first(cached + whole_.new_tokens(sequence));
  return {held.of_first(first) / kKvBlock, (tokens + kKvBlock - 1) / kKvBlock};
}

void ContextAttention::pack(const Layer& layer) {
  std::vector<std::int32_t> blocks;
  for (const std::int64_t s : passed_around_) {
    const Range pages = pages_of(group_.rank(), s, layer.window);
    for (std::int64_t b = pages.begin; b < pages.end; ++b) blocks.push_back(whole_.blocks(s)[b]);
  }
  const PageSizes sizes(layer.cache);
  sent_.resize(static_cast<std::int64_t>(blocks.size()), sizes.all());
  const KvCache to = sent_.view(layer.cache);
  const auto copy = [&](const void* from, void* into, std::size_t bytes) {
    for (std::size_t i = 0; bytes > 0 && i < blocks.size(); ++i) {
      std::memcpy(static_cast<std::byte*>(into) + i * bytes,
                  static_cast<const std::byte*>(from) + to_size(blocks[i]) * bytes, bytes);
    }
  };
  copy(layer.cache.keys, to.keys, sizes.keys);
  copy(layer.cache.values, to.values, sizes.values);
  copy(layer.cache.key_scale, to.key_scale, sizes.key_scale);
  copy(layer.cache.value_scale, to.value_scale, sizes.value_scale);
  passed_pages_ += sent_.pages;
}

// The pages that come from rank `rank`, and where each is among them.
std::int64_t ContextAttention::expect(int rank, std::int64_t window) {
  arriving_table_.assign(whole_.block_table.size(), 0);
  std::int32_t pages = 0;
  for (const std::int64_t s : passed_around_) {
    const Range range = pages_of(rank, s, window);
    for (std::int64_t b = range.begin; b < range.end; ++b) {
      arriving_table_[to_size(s * whole_.max_blocks + b)] = pages++;
    }
  }
  return pages;
}

void ContextAttention::pass(int round, const Layer& layer) {
  round == 1 ? pack(layer) : std::swap(sent_, arrived_);
  arrived_.resize(expect(before(round), layer.window), PageSizes(layer.cache).all());
  group_.exchange(after(1), ByteView(sent_.data.data(), sent_.bytes), before(1),
                  ByteSpan(arrived_.data.data(), arrived_.bytes));
}

void ContextAttention::attend_passed(int round, const Layer& layer) {
  if (passed_.tokens() == 0 || (round > 0 && arrived_.pages == 0)) return;
  fill_table(passed_,
             round == 0 ? whole_.block_table : std::span<const std::int32_t>(arriving_table_));
  if (round == 0) return run(layer, layer.cache, group_.rank(), passed_, passed_.out, passed_.lse);
  run(layer, arrived_.view(layer.cache), before(round), passed_, passed_.other, passed_.other_lse);
  merge_attention({.out = passed_.out, .lse = passed_.lse}, passed_.other, passed_.other_lse,
                  value_dim_, team_);
}

void ContextAttention::put_outputs(std::span<float> out) const {
  scatter_rows(passed_.out, passed_.rows, out_width_, out);
}

}  // namespace inferbench

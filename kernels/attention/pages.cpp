#include <algorithm>

#include "kernels/attention/job.hpp"

namespace inferbench {

void PageAttention::plan(const AttentionJob& job, const std::vector<std::int64_t>& sequences) {
  parts_.clear(), sequences_.clear();
  std::int64_t states = 0, most_rows = 0;
  for (const std::int64_t s : sequences) {
    const std::int64_t tokens = job.batch.new_tokens(s), rows = tokens * job.group();
    const TokenRange all = {job.visible(s, 0).first, job.visible(s, tokens - 1).last};
    const std::vector<TokenRange> split = split_tokens(all);
    sequences_.push_back({.sequence = s,
                          .rows = rows,
                          .parts = static_cast<std::int64_t>(split.size()),
                          .state = states});
    for (const TokenRange& part : split) {
      parts_.push_back({.sequence = s, .rows = rows, .tokens = part, .state = states});
      states += job.shape.kv_heads * rows;
    }
    most_rows = std::max(most_rows, rows);
  }
  const auto cost = [](const Part& p) { return p.rows * (p.tokens.last - p.tokens.first); };
  std::stable_sort(parts_.begin(), parts_.end(),
                   [&](const Part& a, const Part& b) { return cost(a) > cost(b); });
  states_.reserve(states, job.shape.value_dim);
  const auto queries = static_cast<std::size_t>(job.shape.kv_heads * most_rows * job.shape.key_dim);
  for (Scratch& s : scratch_) {
    if (s.q.size() < queries) s.q = Buffer<float>(queries);
    s.seen.resize(static_cast<std::size_t>(most_rows));
  }
}

void PageAttention::run(const AttentionJob& job, const std::vector<std::int64_t>& sequences) {
  if (sequences.empty()) return;
  plan(job, sequences);
  for_each_taken(team_, parts_.size(),
                 [&](std::size_t i, unsigned rank) { run_part(job, parts_[i], scratch_[rank]); });
  const std::int64_t kv_heads = job.shape.kv_heads;
  team_.run([&](unsigned rank) {
    const Range mine =
        share(static_cast<std::int64_t>(sequences_.size()) * kv_heads, rank, team_.size());
    for (std::int64_t i = mine.begin; i < mine.end; ++i) {
      const Sequence& s = sequences_[static_cast<std::size_t>(i / kv_heads)];
      const std::int64_t head = i % kv_heads;
      for (std::int64_t row = 0; row < s.rows; ++row) {
        const std::int64_t at = job.head_at(s.sequence, head, row);
        states_.combine(s.state + head * s.rows + row, kv_heads * s.rows, s.parts,
                        job.out + at * job.shape.value_dim, job.lse_at(at));
      }
    }
  });
}

void PageAttention::run_part(const AttentionJob& job, const Part& part, Scratch& scratch) {
  const std::int64_t dim = job.shape.key_dim;
  const float scale = job.scale() * page_query_factor(job.cache.type);
  float* to = scratch.q.data();
  for (std::int64_t head = 0; head < job.shape.kv_heads; ++head) {
    for (std::int64_t row = 0; row < part.rows; ++row) {
      const float* from = job.q + job.head_at(part.sequence, head, row) * dim;
      for (std::int64_t d = 0; d < dim; ++d) *to++ = from[d] * scale;
    }
  }
  for (std::int64_t row = 0; row < part.rows; ++row) {
    scratch.seen[static_cast<std::size_t>(row)] = job.visible(part.sequence, row / job.group());
  }
  PageCall call;
  call.cache = &job.cache;
  call.blocks = job.batch.blocks(part.sequence);
  call.part = part.tokens;
  call.rows = part.rows;
  call.q = scratch.q.data();
  call.seen = scratch.seen.data();
  call.state = states_.at(part.state);
  kernels_.pages(job.cache.type)(call);
}

}  // namespace inferbench

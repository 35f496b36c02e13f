#include "harness/execute/ranks/micro_batches.hpp"

#include <algorithm>
#include <map>

#include "kernels/cpu/team.hpp"

namespace inferbench {

// Tokens [begin, end) of the batch.
TokenBatch MicroBatches::take(const TokenBatch& batch, std::int64_t begin, std::int64_t end) {
  const AttentionBatch& all = batch.sequences;
  Part& part = parts_.emplace_back();
  part.starts.push_back(0);
  for (std::int64_t s = 0; s < all.sequences(); ++s) {
    const std::int64_t first = std::max(begin, all.start(s)),
                       last = std::min(end, all.start(s + 1));
    if (first >= last) continue;
    const auto index = static_cast<std::int64_t>(part.context.size());
    // What the first sequence of a part writes again was written by the part before.
    if (index > 0 && std::binary_search(batch.rewriting.begin(), batch.rewriting.end(), s)) {
      part.rewriting.push_back(index);
    }
    part.context.push_back(all.cached(s) + first - all.start(s));
    part.starts.push_back(last - begin);
    part.block_table.insert(part.block_table.end(), all.blocks(s), all.blocks(s) + all.max_blocks);
  }
  for (const std::int64_t row : batch.logit_rows) {
    if (row >= begin && row < end) part.logit_rows.push_back(row - begin);
  }
  return {.tokens = batch.tokens.subspan(static_cast<std::size_t>(begin),
                                         static_cast<std::size_t>(end - begin)),
          .sequences = {.starts = part.starts,
                        .context = part.context,
                        .block_table = part.block_table,
                        .max_blocks = all.max_blocks},
          .logit_rows = part.logit_rows,
          .rewriting = part.rewriting,
          .block_tokens = batch.block_tokens};
}

// Does nothing attend to a block that is first written by a later part?
bool MicroBatches::in_order(std::int64_t block_tokens) const {
  std::map<std::int32_t, std::size_t> first_written;  // by block
  const auto visit = [&](const auto& use) {
    for (std::size_t part = 0; part < batches_.size(); ++part) {
      const AttentionBatch& sequences = batches_[part].sequences;
      for (std::int64_t s = 0; s < sequences.sequences(); ++s) use(part, sequences, s);
    }
  };
  visit([&](std::size_t part, const AttentionBatch& sequences, std::int64_t s) {
    const std::int64_t end = sequences.cached(s) + sequences.new_tokens(s);
    for (std::int64_t b = sequences.cached(s) / block_tokens; b * block_tokens < end; ++b) {
      first_written.emplace(sequences.blocks(s)[b], part);
    }
  });
  bool ordered = true;
  visit([&](std::size_t part, const AttentionBatch& sequences, std::int64_t s) {
    for (std::int64_t b = 0; b * block_tokens < sequences.cached(s); ++b) {
      const auto found = first_written.find(sequences.blocks(s)[b]);
      ordered = ordered && (found == first_written.end() || found->second <= part);
    }
  });
  return ordered;
}

std::span<const TokenBatch> MicroBatches::cut(const TokenBatch& batch, std::int64_t count) {
  const std::int64_t tokens = batch.sequences.tokens();
  const auto parts = static_cast<unsigned>(std::clamp<std::int64_t>(count, 1, tokens));
  parts_.clear();
  batches_.clear();
  for (unsigned i = 0; i < parts; ++i) {
    const Range range = share(tokens, i, parts);
    batches_.push_back(take(batch, range.begin, range.end));
  }
  if (!in_order(batch.block_tokens)) batches_.assign(1, batch);
  return batches_;
}

}  // namespace inferbench

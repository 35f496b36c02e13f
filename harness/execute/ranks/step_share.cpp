#include "harness/execute/ranks/step_share.hpp"

#include <algorithm>
#include <numeric>

#include "harness/base/error.hpp"

namespace inferbench {

StepShare::StepShare(std::int64_t rank, std::int64_t ranks, std::int64_t stages)
    : rank_(static_cast<std::size_t>(rank)),
      stages_(stages),
      owned_(static_cast<std::size_t>(ranks)) {
  ensure(rank >= 0 && rank < ranks, "an attention rank is one of them");
}

TokenBatch StepShare::Owned::batch(const TokenBatch& whole) const {
  return {.tokens = tokens,
          .sequences = {.starts = starts,
                        .context = context,
                        .block_table = block_table,
                        .max_blocks = whole.sequences.max_blocks},
          .logit_rows = wanted,
          .rewriting = rewriting,
          .block_tokens = whole.block_tokens};
}

void StepShare::give_out(const TokenBatch& batch) {
  for (Owned& owned : owned_) {
    for (auto* list :
         {&owned.starts, &owned.context, &owned.wanted, &owned.rewriting, &owned.logit_rows}) {
      list->clear();
    }
    owned.tokens.clear();
    owned.block_table.clear();
    owned.starts.push_back(0);
  }
  const AttentionBatch& all = batch.sequences;
  std::size_t row = 0;
  for (std::int64_t s = 0; s < all.sequences(); ++s) {
    const auto at = static_cast<std::size_t>(s);
    const std::size_t home = batch.attention_ranks.empty() ? 0 : batch.attention_ranks[at];
    ensure(home < owned_.size(), "a sequence is of one of the attention ranks");
    Owned& owned = owned_[home];
    const std::int64_t moved = owned.starts.back() - all.start(s);
    for (; row < batch.logit_rows.size() && batch.logit_rows[row] < all.start(s + 1); ++row) {
      owned.wanted.push_back(batch.logit_rows[row] + moved);
      owned.logit_rows.push_back(static_cast<std::int64_t>(row));
    }
    if (std::binary_search(batch.rewriting.begin(), batch.rewriting.end(), s)) {
      owned.rewriting.push_back(static_cast<std::int64_t>(owned.context.size()));
    }
    owned.tokens.insert(owned.tokens.end(), batch.tokens.begin() + all.start(s),
                        batch.tokens.begin() + all.start(s + 1));
    owned.starts.push_back(all.start(s + 1) + moved);
    owned.context.push_back(all.cached(s));
    owned.block_table.insert(owned.block_table.end(), all.blocks(s),
                             all.blocks(s) + all.max_blocks);
  }
}

std::span<const TokenBatch> StepShare::cut(const TokenBatch& batch) {
  if (owned_.size() == 1) {
    ensure(batch.of_one_rank(), "a sequence is of one of the attention ranks");
    owned_.front().logit_rows.resize(batch.logit_rows.size());
    std::iota(owned_.front().logit_rows.begin(), owned_.front().logit_rows.end(), 0);
    return owned_.front().micro_batches.cut(batch, stages_);
  }
  give_out(batch);
  std::size_t most = 0;
  for (std::size_t rank = 0; rank < owned_.size(); ++rank) {
    Owned& owned = owned_[rank];
    if (owned.tokens.empty()) continue;
    const auto parts = owned.micro_batches.cut(owned.batch(batch), stages_);
    most = std::max(most, parts.size());
    if (rank == rank_) parts_.assign(parts.begin(), parts.end());
  }
  if (owned_[rank_].tokens.empty()) parts_.clear();
  while (parts_.size() < most) parts_.push_back({});
  return parts_;
}

}  // namespace inferbench

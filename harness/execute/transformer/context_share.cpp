#include "harness/execute/transformer/context_share.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/to_size.hpp"

namespace inferbench {

const TokenBatch& ContextShare::take(const TokenBatch& whole) {
  ensure(whole.block_tokens == kKvBlock * held_.ranks, "a KV block is 16 tokens on each rank");
  const AttentionBatch& all = whole.sequences;
  for (auto* list : {&starts_, &context_, &positions_, &logit_rows_}) list->clear();
  tokens_.clear();
  starts_.push_back(0);
  auto wanted = whole.logit_rows.begin();
  for (std::int64_t s = 0; s < all.sequences(); ++s) {
    for (std::int64_t i = all.start(s); i < all.start(s + 1); ++i) {
      const bool row = wanted != whole.logit_rows.end() && *wanted == i;
      if (row) ++wanted;
      const std::int64_t position = all.cached(s) + i - all.start(s);
      if (held_.rank_of(position) != held_.rank) continue;
      if (row) logit_rows_.push_back(static_cast<std::int64_t>(tokens_.size()));
      tokens_.push_back(whole.tokens[to_size(i)]);
      positions_.push_back(position);
    }
    starts_.push_back(static_cast<std::int64_t>(tokens_.size()));
    context_.push_back(held_.of_first(all.cached(s)));
  }
  own_ = {.tokens = tokens_,
          .sequences = {.starts = starts_,
                        .context = context_,
                        .block_table = all.block_table,
                        .max_blocks = all.max_blocks},
          .logit_rows = logit_rows_,
          .rewriting = whole.rewriting,
          .block_tokens = whole.block_tokens};
  return own_;
}

std::int64_t position_of(const AttentionBatch& batch, std::int64_t token) {
  const auto after = std::upper_bound(batch.starts.begin(), batch.starts.end(), token);
  const std::int64_t sequence = after - batch.starts.begin() - 1;
  return batch.cached(sequence) + token - batch.start(sequence);
}

}  // namespace inferbench

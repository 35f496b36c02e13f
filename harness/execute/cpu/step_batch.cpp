#include "harness/execute/cpu/step_batch.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {

StepBatch::StepBatch(std::int64_t kv_blocks, std::int64_t block_tokens)
    : kv_blocks_(static_cast<std::size_t>(kv_blocks)), block_tokens_(block_tokens) {}

void StepBatch::clear() {
  tokens_.clear();
  starts_.clear();
  context_.clear();
  logit_rows_.clear();
  tables_.clear();
  ranks_.clear();
}

void StepBatch::begin_sequence(std::int64_t context, std::span<const BlockRun> table,
                               std::uint16_t attention_rank) {
  ranks_.push_back(attention_rank);
  starts_.push_back(static_cast<std::int64_t>(tokens_.size()));
  context_.push_back(context);
  tables_.push_back(table);
}

TokenBatch StepBatch::batch() {
  starts_.push_back(static_cast<std::int64_t>(tokens_.size()));
  fill_tables();
  find_rewriting();
  return {.tokens = tokens_,
          .sequences = {.starts = starts_,
                        .context = context_,
                        .block_table = blocks_,
                        .max_blocks = max_blocks_},
          .logit_rows = logit_rows_,
          .rewriting = rewriting_,
          .attention_ranks = ranks_,
          .block_tokens = block_tokens_};
}

void StepBatch::fill_tables() {
  const std::size_t sequences = tables_.size();
  max_blocks_ = 0;
  for (std::size_t s = 0; s < sequences; ++s) {
    const std::int64_t end = context_[s] + starts_[s + 1] - starts_[s];
    max_blocks_ = std::max(max_blocks_, (end + block_tokens_ - 1) / block_tokens_);
  }
  const auto width = static_cast<std::size_t>(max_blocks_);
  blocks_.assign(sequences * width, 0);
  for (std::size_t s = 0; s < sequences; ++s) {
    const std::int64_t end = context_[s] + starts_[s + 1] - starts_[s];
    std::size_t left = static_cast<std::size_t>((end + block_tokens_ - 1) / block_tokens_);
    std::int32_t* to = blocks_.data() + s * width;
    for (const BlockRun& run : tables_[s]) {
      const std::size_t taken = std::min<std::size_t>(left, run.count);
      for (std::size_t i = 0; i < taken; ++i) *to++ = static_cast<std::int32_t>(run.first + i);
      left -= taken;
      if (left == 0) break;
    }
    ensure(left == 0, "a request's KV blocks have room for its tokens");
  }
}

// Two prompts with the same beginning may compute it in one step, into the same blocks.
void StepBatch::find_rewriting() {
  rewriting_.clear();
  ++group_;
  for (const std::uint16_t rank : ranks_) {
    const std::size_t stores = std::size_t{rank} + 1;
    if (written_in_.size() < stores * kv_blocks_) written_in_.resize(stores * kv_blocks_);
  }
  for (std::size_t s = 0; s < tables_.size(); ++s) {
    const std::int32_t* table = blocks_.data() + s * static_cast<std::size_t>(max_blocks_);
    const std::int64_t end = context_[s] + starts_[s + 1] - starts_[s];
    const std::int64_t first = context_[s] / block_tokens_, last = (end - 1) / block_tokens_;
    const auto mark = [&](std::int64_t b) -> std::uint64_t& {
      return written_in_[ranks_[s] * kv_blocks_ + static_cast<std::size_t>(table[b])];
    };
    for (std::int64_t b = first; b <= last; ++b) {
      if (mark(b) != group_) continue;
      rewriting_.push_back(static_cast<std::int64_t>(s));
      ++group_;
      break;
    }
    for (std::int64_t b = first; b <= last; ++b) mark(b) = group_;
  }
}

}  // namespace inferbench

#include "harness/execute/cuda/step_upload.hpp"

#include <algorithm>

namespace inferbench {

// Room for `count` more, 16-byte aligned; good until the next one.
template <class T>
T* StepUpload::add(std::size_t count, std::size_t& offset) {
  offset = staged_.size();
  staged_.resize(offset + (count * sizeof(T) + 15) / 16 * 16);
  return reinterpret_cast<T*>(staged_.data() + offset);
}

bool StepUpload::fill(const TokenBatch& batch, std::int64_t width) {
  const AttentionBatch& sequences = batch.sequences;
  staged_.clear();
  positions_ = 0;
  std::copy(batch.tokens.begin(), batch.tokens.end(),
            add<std::int32_t>(batch.tokens.size(), tokens_));
  std::int32_t* const position = add<std::int32_t>(batch.tokens.size(), position_);
  for (std::int64_t s = 0; s < sequences.sequences(); ++s) {
    for (std::int64_t i = 0; i < sequences.new_tokens(s); ++i) {
      position[sequences.start(s) + i] = static_cast<std::int32_t>(sequences.cached(s) + i);
    }
    positions_ = std::max(positions_, sequences.cached(s) + sequences.new_tokens(s));
  }
  std::int64_t* const slot = add<std::int64_t>(batch.tokens.size(), slot_);
  for (std::int64_t s = 0; s < sequences.sequences(); ++s) {
    for (std::int64_t i = 0; i < sequences.new_tokens(s); ++i) {
      const std::int64_t at = sequences.cached(s) + i;
      slot[sequences.start(s) + i] =
          std::int64_t{sequences.blocks(s)[at / kKvBlock]} * kKvBlock + at % kKvBlock;
    }
  }
  std::transform(sequences.context.begin(), sequences.context.end(),
                 add<std::int32_t>(sequences.context.size(), context_),
                 [](std::int64_t tokens) { return static_cast<std::int32_t>(tokens); });
  std::int32_t* const table =
      add<std::int32_t>(sequences.context.size() * static_cast<std::size_t>(width), block_table_);
  for (std::int64_t s = 0; s < sequences.sequences(); ++s) {
    std::copy_n(sequences.blocks(s), sequences.max_blocks, table + s * width);
  }
  std::transform(batch.logit_rows.begin(), batch.logit_rows.end(),
                 add<std::int32_t>(batch.logit_rows.size(), logit_rows_),
                 [](std::int64_t row) { return static_cast<std::int32_t>(row); });
  const bool moved = memory_.bytes() < staged_.size();
  if (moved) {
    memory_ = DeviceMemory();
    memory_ = DeviceMemory(staged_.size() * 2);
  }
  memory_.write(staged_);
  return moved;
}

}  // namespace inferbench

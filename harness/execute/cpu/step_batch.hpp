#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/transformer/decoder.hpp"
#include "harness/schedule/kv_block_pool.hpp"

namespace inferbench {

// Builds a decoder's packed batch, sequence by sequence, in buffers that are used again.
class StepBatch {
 public:
  // `kv_blocks`: of the store that the decoder writes to, on each attention rank, and the tokens of
  // one (StepModel).
  explicit StepBatch(std::int64_t kv_blocks, std::int64_t block_tokens = kKvBlock);

  void clear();
  // Tokens of one sequence behind `context` cached ones, in the blocks of `table`, of an attention
  // rank.
  void begin_sequence(std::int64_t context, std::span<const BlockRun> table,
                      std::uint16_t attention_rank = 0);
  void add(std::int32_t token) { tokens_.push_back(token); }
  // The logits of the last token added are wanted.
  void want_logits() { logit_rows_.push_back(static_cast<std::int64_t>(tokens_.size()) - 1); }

  bool empty() const { return tokens_.empty(); }
  std::size_t logit_rows() const { return logit_rows_.size(); }
  // Good until the next clear(). Throws std::logic_error for a table that has no room for its
  // tokens.
  TokenBatch batch();

 private:
  void fill_tables();
  void find_rewriting();

  std::vector<std::int32_t> tokens_, blocks_;
  std::vector<std::int64_t> starts_, context_, logit_rows_, rewriting_;
  std::vector<std::span<const BlockRun>> tables_;
  std::vector<std::uint16_t> ranks_;
  std::int64_t max_blocks_ = 0;
  std::size_t kv_blocks_;
  std::int64_t block_tokens_;
  std::vector<std::uint64_t> written_in_;  // by rank and KV block: the group that wrote it last
  std::uint64_t group_ = 0;
};

}  // namespace inferbench

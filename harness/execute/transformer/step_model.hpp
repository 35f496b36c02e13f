#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "harness/base/units.hpp"
#include "harness/timing/kernel_span.hpp"
#include "kernels/attention/kv_cache.hpp"

namespace inferbench {

// One step's tokens: chunks of prompts, decodes and drafts of any sequences side by side.
struct TokenBatch {
  std::span<const std::int32_t> tokens;      // one sequence after the other, without padding
  AttentionBatch sequences;                  // where each begins, what is cached, its KV blocks
  std::span<const std::int64_t> logit_rows;  // tokens whose logits are wanted, ascending
  // Sequences, ascending, that write KV blocks which an earlier one of the batch writes too (two
  // prompts of one prefix in the same step): their keys and values are written one after the other.
  std::span<const std::int64_t> rewriting{};
  // By sequence the attention rank that computes it, in whose KV store its blocks are; empty: the
  // first, or only one.
  std::span<const std::uint16_t> attention_ranks{};
  std::int64_t block_tokens = kKvBlock;  // of a block of the tables; StepModel::block_tokens()
  bool of_one_rank() const {
    return std::all_of(attention_ranks.begin(), attention_ranks.end(),
                       [](std::uint16_t rank) { return rank == 0; });
  }
};

// Time by kind of work, of one or more steps.
struct KernelTimes {
  Duration gemm{}, attention{};
  Duration moe{};    // routed experts and their choice; the router's GEMM and shared experts: gemm
  Duration other{};  // norms, rotation, SwiGLU, embedding
  Duration collectives{};  // between ranks, waiting for the slowest included
};

// What computes a step's logits: a decoder on one rank, or one that several ranks share.
class StepModel {
 public:
  virtual ~StepModel() = default;

  //   logits  [logit_rows, vocab]  fp32
  //
  // Writes the tokens' keys and values into their blocks. Throws Error as check_batch does,
  // std::logic_error for a token outside the vocabulary or a span of the wrong size.
  virtual void forward(const TokenBatch& batch, std::span<float> logits) = 0;

  virtual std::int64_t vocab() const = 0;
  virtual std::int64_t kv_blocks() const = 0;
  // Of a KV block, 16 on each rank that caches a part of it.
  virtual std::int64_t block_tokens() const { return kKvBlock; }
  // Of all forward() so far, as the rank that is asked first saw it.
  virtual KernelTimes times() const = 0;
  // Notes each kernel of the steps to come at the end of `spans`, those of rank 0 first; null: no
  // longer.
  virtual void trace(KernelSpans* spans) = 0;
};

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/execute/transformer/decoder_weights.hpp"
#include "harness/execute/transformer/kv_store.hpp"
#include "harness/timing/kernel_span.hpp"
#include "kernels/attention/attention.hpp"

namespace inferbench {

struct RowCall;

// One step's tokens: chunks of prompts, decodes and drafts of any sequences side by side.
struct TokenBatch {
  std::span<const std::int32_t> tokens;      // one sequence after the other, without padding
  AttentionBatch sequences;                  // where each begins, what is cached, its KV blocks
  std::span<const std::int64_t> logit_rows;  // tokens whose logits are wanted, ascending
  // Sequences, ascending, that write KV blocks which an earlier one of the batch writes too (two
  // prompts of one prefix in the same step): their keys and values are written one after the other.
  std::span<const std::int64_t> rewriting{};
};

// Time by kind of work, of one or more steps.
struct KernelTimes {
  Duration gemm{}, attention{};
  Duration moe{};    // routed experts and their choice; the router's GEMM and shared experts: gemm
  Duration other{};  // norms, rotation, SwiGLU, embedding
};

enum class KernelSet {
  invariant,  // attention token by token, as in decode: the same sums however a prompt is cut up
  fast,       // attention of chunks in tiles, which read keys and values once for many tokens
};
std::vector<std::string> kernel_set_names();
KernelSet kernel_set(const std::string& name);  // throws Error with the nearest names

// A decoder over a paged KV store.
//
// Under KernelSet::invariant a token's logits are the same bits whatever else is in the batch, in
// whatever chunks its prompt was computed, wherever its KV blocks lie and on any number of threads:
// linear layers and row operations compute each row by itself, and attention takes each token as a
// sequence of its own, whose context it splits at fixed places. So a preempted and recomputed, a
// cached and a verified token are the tokens of the plain run, for every weight and KV format.
// Under KernelSet::fast this holds for a prompt computed in the same chunks; between different
// chunks logits differ by the rounding of fp32 sums, and where weights or keys are quantised by
// what that rounding is worth after quantising.
class Decoder {
 public:
  // Keeps references to the weights and the team.
  Decoder(const DecoderWeights& weights, KvType kv, std::int64_t kv_blocks, ThreadTeam& team,
          KernelSet kernels = KernelSet::invariant, Isa isa = best_isa());
  ~Decoder();

  //   logits  [logit_rows, vocab]  fp32
  //
  // Writes the tokens' keys and values into their blocks. Throws Error as check_batch does,
  // std::logic_error for a token outside the vocabulary or a span of the wrong size.
  void forward(const TokenBatch& batch, std::span<float> logits);

  const DecoderShape& shape() const { return weights_.shape(); }
  const DecoderWeights& weights() const { return weights_; }
  KvStore& kv() { return kv_; }
  // Of all forward() so far.
  const KernelTimes& times() const { return times_; }
  // Notes each kernel of the steps to come at the end of `spans`; null: no longer.
  void trace(KernelSpans* spans) { spans_ = spans; }

 private:
  struct Buffers;
  class Op;

  void rows(std::int64_t rows, std::int64_t columns,
            const std::function<void(std::int64_t row)>& body);
  void attention(const TokenBatch& batch, std::int64_t layer);
  void rotate(const DecoderWeights::Layer& weights, std::int64_t token);
  void write_kv(const TokenBatch& batch, const KvCache& cache);
  void feed_forward(std::int64_t tokens, std::int64_t layer);
  void dense_ffn(std::int64_t tokens, std::int64_t layer, std::vector<float>& out);
  void routed_experts(std::int64_t tokens, std::int64_t layer);
  void linear(const char* name, const PackedLinear& layer, std::int64_t tokens,
              const std::vector<float>& in, std::vector<float>& out);
  void fill_rotations(const TokenBatch& batch);
  void split_into_tokens(const AttentionBatch& batch);
  void reserve(std::int64_t tokens);

  const DecoderWeights& weights_;
  ThreadTeam& team_;
  KvStore kv_;
  std::unique_ptr<PagedAttention> attention_, windowed_;  // null where no layer is of the kind
  KernelSet kernels_;
  Isa isa_;
  std::unique_ptr<Buffers> buffers_;
  KernelTimes times_;
  KernelSpans* spans_ = nullptr;
  std::int32_t layer_ = -1;  // that is computed now
};

}  // namespace inferbench

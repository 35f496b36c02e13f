#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/execute/transformer/decoder_weights.hpp"
#include "harness/execute/transformer/kv_store.hpp"
#include "harness/execute/transformer/step_model.hpp"
#include "harness/timing/kernel_span.hpp"
#include "kernels/attention/attention.hpp"

namespace inferbench {

class Communicator;
class ContextAttention;
class ExpertExchange;
class ExpertVisitors;
class LatentAttention;
struct RowCall;

enum class KernelSet {
  invariant,  // attention token by token, as in decode: the same sums however a prompt is cut up
  fast,       // attention of chunks in tiles, which read keys and values once for many tokens
};
std::vector<std::string> kernel_set_names();
KernelSet kernel_set(const std::string& name);  // throws Error with the nearest names

// The ranks that a shard of a decoder works with.
struct DecoderLinks {
  Communicator* tensor = nullptr;   // with which it shares layers; null: it is alone
  Communicator* context = nullptr;  // with which it shares each sequence; null: it has them whole
  Communicator* experts = nullptr;  // that hold the other experts; null: all are here
  Communicator* world = nullptr;    // of all, where there are several stages
  int before = -1, after = -1;      // in the world: the same part of the other stages; -1: none
  // Tokens that come to the experts here, in place of this rank's own: of a rank that is alone.
  ExpertVisitors* visitors = nullptr;
};

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
//
// Several ranks run a decoder each, with a shard of the weights, and call forward() with the same
// batch. Tensor-parallel ones end the attention and the FFN of each layer with an all-reduce of
// [tokens, hidden] in fp32, summed by rank, so every rank goes on with the same bits and the
// promises above hold for a given number of them. Ranks that share out the experts have sequences
// of their own, or none in this step, and send tokens to their experts (ExpertExchange): the
// promises hold for a given number of these too. Context-parallel ranks each compute the tokens of
// every sequence that they cache, alike but for attention (ContextAttention), where the promises
// hold for a given number as well; a rank's logits are those of its tokens. A pipeline stage
// receives [tokens, hidden], the residual stream in fp32, from the stage before, and sends it to
// the one after. The logits of a shard are those of its vocabulary, and none before the last stage.
class Decoder final : public StepModel {
 public:
  // Keeps references to the weights, the team and what `links` points to.
  Decoder(const DecoderWeights& weights, KvType kv, std::int64_t kv_blocks, ThreadTeam& team,
          KernelSet kernels = KernelSet::invariant, Isa isa = best_isa(),
          const DecoderLinks& links = {});
  ~Decoder() override;

  // Makes room for steps of so many tokens: a larger one than any before would stop to do so.
  void reserve(std::int64_t tokens);

  // As one of several that share out the experts, a batch of no tokens too.
  void forward(const TokenBatch& batch, std::span<float> logits) override;
  std::int64_t vocab() const override { return shape().vocab; }
  std::int64_t kv_blocks() const override { return kv_.blocks(); }
  std::int64_t block_tokens() const override;
  KernelTimes times() const override { return times_; }
  void trace(KernelSpans* spans) override { spans_ = spans; }

  // So far, of this rank; 0 where it is alone.
  std::int64_t all_reduces() const { return all_reduces_; }
  const ExpertExchange* expert_exchange() const { return exchange_.get(); }     // null: none
  const ContextAttention* context_attention() const { return context_.get(); }  // null: none

  const DecoderShape& shape() const { return weights_.shape(); }
  const DecoderWeights& weights() const { return weights_; }
  KvStore& kv() { return kv_; }

 private:
  struct Buffers;
  class Op;

  void rows(std::int64_t rows, std::int64_t columns,
            const std::function<void(std::int64_t row)>& body);
  void compute(const TokenBatch& batch, std::span<float> logits);
  void attention(const TokenBatch& batch, std::int64_t layer);
  void attend(std::int64_t layer);
  void queries_keys_values(std::int64_t tokens, std::int64_t layer);
  void latent_queries_keys(std::int64_t tokens, std::int64_t layer);
  void latent_values(std::int64_t tokens, std::int64_t layer);
  void rotate(const DecoderWeights::Layer& weights, std::int64_t token);
  void write_kv(const TokenBatch& batch, const KvCache& cache);
  void feed_forward(std::int64_t tokens, std::int64_t layer);
  void dense_ffn(std::int64_t tokens, std::int64_t layer, std::vector<float>& out);
  void activate(std::int64_t row, std::int64_t ffn);
  void choose_experts(std::int64_t tokens, std::int64_t layer);
  void own_experts(std::int64_t tokens, std::int64_t layer);
  void visited_experts(std::int64_t tokens, std::int64_t layer);
  void experts_of_all(std::int64_t tokens, std::int64_t layer);
  void join_experts_of_others();
  void linear(const char* name, const PackedLinear& layer, std::int64_t tokens,
              const std::vector<float>& in, std::vector<float>& out);
  void all_reduce(const char* name, std::int64_t tokens);
  void compute_logits(std::int64_t rows, std::span<float> logits);
  void enter(const TokenBatch& batch);
  void leave(std::int64_t tokens);
  void fill_rotations(const TokenBatch& batch);
  void split_into_tokens(const AttentionBatch& batch);
  std::int32_t rank() const;

  const DecoderWeights& weights_;
  ThreadTeam& team_;
  KvStore kv_;
  std::unique_ptr<PagedAttention> attention_, windowed_;  // null where no layer is of the kind
  std::unique_ptr<LatentAttention> latent_;               // null: heads have keys and values
  std::unique_ptr<ContextAttention> context_;             // null: sequences are whole
  std::unique_ptr<ExpertExchange> exchange_;              // null: all experts are here
  KernelSet kernels_;
  Isa isa_;
  DecoderLinks links_;
  std::unique_ptr<Buffers> buffers_;
  KernelTimes times_;
  std::int64_t all_reduces_ = 0;
  KernelSpans* spans_ = nullptr;
  std::int32_t layer_ = -1;  // that is computed now
};

}  // namespace inferbench

#pragma once

#include <memory>
#include <string>

#include "harness/execute/cuda/cuda_graphs.hpp"
#include "harness/execute/cuda/cuda_weights.hpp"
#include "harness/execute/ranks/ranked_model.hpp"
#include "kernels/cuda/bind/session.hpp"

namespace inferbench {

// Why the GPU's decoder does not execute a model in this form; empty where it does: dense decoders
// with SwiGLU, heads of 64 or 128, without windows and norms of heads, in bf16 with keys and values
// in bf16, on one GPU.
std::string cuda_decoder_refusal(const ModelPlan& plan);

// A dense decoder on the GPU of CudaSession, in bf16 with fp32 sums and residuals. Any batch is
// executed as it stands: chunks of prompts, decodes and drafts side by side, packed, over paged
// keys and values.
//
// Results are those of the CPU's decoder but for roundings: activations that GEMMs read, queries,
// and probabilities of attention are rounded to bf16. A token's logits may depend, in the last
// bits, on what else is in the batch, as GEMMs of few and of many tokens add up in different
// orders.
class CudaDecoder final : public RankedModel {
 public:
  // Throws Error for what cuda_decoder_refusal() names, Failure for memory that the GPU has not.
  explicit CudaDecoder(const ModelPlan& plan);
  ~CudaDecoder() override;

  void forward(const TokenBatch& batch, std::span<float> logits) override;
  std::int64_t vocab() const override { return plan_.shape.vocab; }
  std::int64_t kv_blocks() const override { return plan_.kv_blocks; }
  // Device time is not taken apart: all of a step is `gemm` but what the host did, which is
  // `other`.
  KernelTimes times() const override { return times_; }
  void trace(KernelSpans* /*spans*/) override {}
  std::size_t weight_bytes() const override { return weights_->linear_bytes; }
  std::int64_t all_reduces() const override { return 0; }
  const CudaGraphs& graphs() const { return graphs_; }

 private:
  struct Kernels;
  struct Buffers;

  void upload(const TokenBatch& batch);
  void reserve(std::int64_t tokens, std::int64_t logit_rows);
  void grow(DeviceMemory& memory, std::size_t bytes);
  void launches(const TokenBatch& batch);
  void layer(const TokenBatch& batch, std::int64_t index);
  void attention(const TokenBatch& batch, std::int64_t layer);
  void gemm(const DeviceMemory& weights, std::int64_t rows, std::int64_t n, std::int64_t k,
            const DeviceMemory& in, const DeviceMemory& out);
  void norm(std::int64_t rows, const DeviceMemory& weight, bool embed, bool gather);

  ModelPlan plan_;
  CudaSession& session_;
  std::unique_ptr<Kernels> kernels_;
  std::unique_ptr<CudaWeights> weights_;
  std::unique_ptr<Buffers> buffers_;
  std::uint64_t generation_ = 0;  // of the buffers' places
  std::int64_t width_ = 0;        // of the block table
  CudaGraphs graphs_{session_.table()};
  KernelTimes times_;
};

}  // namespace inferbench

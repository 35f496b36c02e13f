#pragma once

#include <chrono>
#include <vector>

#include "harness/execute/transformer/context_attention.hpp"
#include "harness/execute/transformer/decoder.hpp"
#include "harness/execute/transformer/expert_exchange.hpp"
#include "harness/execute/transformer/rotation.hpp"
#include "harness/timing/nvtx.hpp"
#include "kernels/elementwise/kernels.hpp"

namespace inferbench {

// For decoder.cpp, decoder_attention.cpp and decoder_ffn.cpp, the parts of one class.

// Activations of a step, reused; they only grow.
struct Decoder::Buffers {
  std::vector<float> residual, normed, qkv, q, k, v, heads, projected, gate_up, gated;
  std::vector<float> query_latent, queries, latent_sums;  // latent attention
  std::vector<float> rotations;                           // [tokens, rotary dim]: cosines, sines
  std::vector<std::int64_t> starts;                       // of a part of the batch
  std::vector<std::int64_t> token_starts, token_context;  // each token as a sequence
  std::vector<std::int32_t> token_blocks;
  AttentionBatch attended;  // the batch as attention is asked to compute it
  LinearWorkspace linear;
  std::vector<float> router_logits, expert_weights, shared, expert_sums, visitors;
  std::vector<std::int32_t> chosen;
  ExpertRows expert_rows;
  MoeWorkspace moe;
  RowKernel rmsnorm = nullptr, add_rmsnorm = nullptr, silu_mul = nullptr;
  RotationTable table;
  std::chrono::steady_clock::time_point mark;
};

// One kernel, while this lives. The time since the kernel before it, or the step's begin, goes to
// `kind`, so that kernels add up to the step.
class Decoder::Op {
 public:
  Op(Decoder& decoder, const char* name, Duration KernelTimes::*kind)
      : decoder_(decoder), name_(name), kind_(kind), range_(name) {}
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  ~Op() {
    std::chrono::steady_clock::time_point& mark = decoder_.buffers_->mark;
    const std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
    decoder_.times_.*kind_ += std::chrono::duration_cast<Duration>(now - mark);
    if (decoder_.spans_ != nullptr) {
      decoder_.spans_->push_back({.name = name_,
                                  .layer = decoder_.layer_,
                                  .rank = decoder_.rank(),
                                  .begin = since_epoch(mark),
                                  .end = since_epoch(now)});
    }
    mark = now;
  }

 private:
  static Duration since_epoch(std::chrono::steady_clock::time_point time) {
    return std::chrono::duration_cast<Duration>(time.time_since_epoch());
  }

  Decoder& decoder_;
  const char* name_;
  Duration KernelTimes::*kind_;
  NvtxRange range_;
};

}  // namespace inferbench

#pragma once

#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/cost/traffic.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/plan/precision.hpp"

namespace inferbench {

// What one attention rank does in one micro-batch of one pipeline stage.
struct ClaimsLoad {
  double prefill_tokens = 0;   // c
  double decode_tokens = 0;    // b
  double prefill_context = 0;  // mean tokens that a prompt token attends to
  double decode_context = 0;   // mean tokens that a decode attends to
  double sampled = 0;          // positions the LM head runs on
  double all_tokens = 0;       // of all EP ranks; 0: ep * (prefill + decode)
};

// The load of steady in-flight batching: prompts and answers are served at the same rate, so a
// chunk of c prompt tokens comes with b = c * OSL / ISL decodes. Contexts are their means, ISL / 2
// and ISL + OSL / 2.
ClaimsLoad steady_load(const Traffic& traffic, double chunk);

// Time of one micro-batch in one pipeline stage. Parts are of all layers of the stage.
struct ClaimsStage {
  Seconds time{};
  Seconds attention_gemm{}, prefill_attention{}, decode_attention{}, expert_gemm{};
  Seconds tp_collectives{}, all_to_all{}, elementwise{}, kernels{};
  Seconds head{};       // LM head, of which each stage is charged 1/PP
  Seconds hand_over{};  // to the next stage
};

struct ClaimsMemory {
  Bytes weights{}, kv{}, reserve{};  // per GPU
  Bytes available{};                 // usable share of the capacity

  Bytes needed() const { return weights + kv + reserve; }
  bool fits() const { return needed() <= available; }
};

// The first-principles model that reproduces the published trillion-parameter claims: a roofline
// per op, alpha-beta collectives that know the fast domain, and rate-matched in-flight batching.
// Layers are alike, all FFNs are routed experts (a dense model is one expert), attention has keys
// and values per KV head, replicated when there are fewer than TP. docs/cost-model.md has every
// formula; `ops` is the richer model.
class ClaimsFormulation {
 public:
  // Throws Error when the GPU has no peak for a type, or the model has latent attention, which this
  // formulation does not know.
  ClaimsFormulation(const ModelSpec& model, const HardwareSpec& gpu, const ParallelConfig& parallel,
                    const Precision& precision, const ClaimsParameters& parameters);

  ClaimsStage stage(const ClaimsLoad& load) const;

  // `decodes` per attention rank and micro-batch; PP micro-batches and one prompt are resident.
  ClaimsMemory memory(const Traffic& traffic, double decodes) const;

  // TTFT of a prompt computed in chunks: with chunk pipelining ceil(ISL/c) + PP - 1 stage times.
  Seconds ttft(const Traffic& traffic, double chunk, Seconds stage_time) const;

 private:
  double all_reduce_seconds(double message) const;
  double gemm_seconds(double m, double k, double n, double weight_bytes, double peak, double count,
                      double touched) const;
  void add_attention(const ClaimsLoad& load, ClaimsStage& stage) const;
  void add_experts(double tokens, double all_tokens, ClaimsStage& stage) const;
  double layer_seconds(const ClaimsStage& stage) const;
  double hand_over_seconds(double tokens) const;

  ParallelConfig parallel_;
  ClaimsParameters p_;
  // Everything below is of one GPU, in elements, bytes, FLOP/s and byte/s.
  double hidden_ = 0, layers_ = 0, stage_layers_ = 0, vocab_ = 0;
  double q_width_ = 0, kv_width_ = 0;  // query and key columns of this GPU
  double experts_ = 1, top_k_ = 1, ffn_ = 0, matrices_ = 2;
  double attention_weights_ = 0, expert_weights_ = 0;  // of one layer, whole model
  double attention_bytes_ = 0, expert_bytes_ = 0, head_bytes_ = 0, kv_bytes_ = 0;
  double dispatch_bytes_ = 0, combine_bytes_ = 0, activation_bytes_ = 0;
  double attention_peak_ = 0, expert_peak_ = 0, head_peak_ = 0, attention_math_peak_ = 0;
  double memory_rate_ = 0, scale_up_rate_ = 0, scale_out_rate_ = 0;
  double domain_ = 1, capacity_ = 0;
};

}  // namespace inferbench

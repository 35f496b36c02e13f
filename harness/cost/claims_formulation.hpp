#pragma once

#include <cstdint>

#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/cost/op_cost.hpp"
#include "harness/cost/traffic.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/plan/precision.hpp"
#include "kernels/shapes/collective.hpp"

namespace inferbench {

// What one attention rank does in one micro-batch of one pipeline stage.
struct ClaimsLoad {
  double prefill_tokens = 0;     // c
  double prefill_pairs = 0;      // query-key pairs of the prompt tokens
  double prefill_kv_tokens = 0;  // cached tokens that the prompt chunks read
  double decode_tokens = 0;      // b
  double decode_kv_tokens = 0;   // sum over decodes of the tokens attended to
  double sampled = 0;            // positions the LM head runs on
  double all_tokens = 0;         // new tokens of all EP ranks together
};

// The load of steady in-flight batching: prompts and answers are served at the same rate, so a
// chunk of c prompt tokens comes with b = c * OSL / ISL decodes. Contexts are their means, ISL / 2
// and ISL + OSL / 2.
ClaimsLoad steady_load(const Traffic& traffic, double chunk, double decodes, std::int64_t ep);

// Time of one micro-batch in one pipeline stage. Parts are of all layers of the stage.
struct ClaimsStage {
  Seconds time{};
  Seconds attention_gemm{}, prefill_attention{}, decode_attention{}, expert_gemm{};
  Seconds tp_collectives{}, all_to_all{}, elementwise{}, kernels{};
  Seconds head{};       // LM head, of which each stage is charged 1/PP
  Seconds hand_over{};  // to the next stage
  // What binds the rooflines; of two GEMMs the longer one's.
  RoofKind attention_gemm_roof{}, prefill_attention_roof{}, decode_attention_roof{};
  RoofKind expert_gemm_roof{}, head_roof{};
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
// formula; the `ops` formulation is the richer model.
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
  // The sharded operands and the rates of one GPU, in elements, bytes, FLOP/s and byte/s.
  struct Gpu {
    double q_width = 0, kv_width = 0, ffn = 0;  // columns of queries, of keys, of one expert
    double attention_peak = 0, expert_peak = 0, head_peak = 0, attention_math_peak = 0;
    double memory_rate = 0, scale_up_rate = 0, scale_out_rate = 0;
    double domain = 1, capacity = 0;
  };

  double collective(Collective kind, double message, double size, double stride) const;
  double across_domains(Collective kind, double message, double size, double stride) const;
  double tp_all_reduce(double tokens) const;
  struct Timed {
    double seconds = 0;
    RoofKind roof = RoofKind::memory;
  };
  Timed roofline(double flops, double peak, double bytes) const;
  Timed gemm(double m, double k, double n, double weight_bytes, double peak, double count = 1,
             double touched = 1) const;
  Timed attention_gemms(double tokens) const;
  Timed attention(double pairs, double kv_tokens) const;
  Timed expert_gemms(double all_tokens) const;
  static Timed sum(const Timed& a, const Timed& b);
  void add_communication(double tokens, ClaimsStage& stage) const;
  double layer(const ClaimsStage& stage) const;
  double hand_over(double tokens) const;

  ModelSpec model_;
  ParallelConfig parallel_;
  Precision precision_;
  ClaimsParameters p_;
  double experts_ = 1, top_k_ = 1;
  double stage_layers_ = 0;  // of the fullest stage
  Gpu gpu_;
};

}  // namespace inferbench

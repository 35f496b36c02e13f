#pragma once

#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/cost/expert_skew.hpp"
#include "harness/cost/fabric.hpp"
#include "harness/cost/op_cost.hpp"
#include "harness/plan/lora.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/plan/placement.hpp"
#include "harness/plan/precision.hpp"
#include "kernels/shapes/attention.hpp"
#include "kernels/shapes/gemm.hpp"

namespace inferbench {

// The ops of one transformer, layer by layer, on the GPU that is last: each block appends the ops
// it runs for the tokens it gets, timed by roofline and launch floor. docs/cost-model.md lists
// them. Tokens are those of one attention rank unless said otherwise, before CP splits them.
class OpsFormulation {
 public:
  // Throws Error when the GPU has no peak, or the profile no efficiency, for a type in use.
  OpsFormulation(const ModelSpec& model, const HardwareSpec& gpu, const ParallelConfig& parallel,
                 const Precision& precision, const OpsParameters& parameters,
                 const std::optional<LoraAdapters>& lora = {});

  // Norms, projections, rotary embedding and the all-reduce of the attention block: all of it that
  // depends on the number of tokens alone.
  void projections(double tokens, Ops& ops) const;

  // Attention proper, and what MLA and context parallelism put around it. Either load may be empty;
  // the windows of windowed layers are already in the loads.
  void attention(const AttentionLoad& prefill, const AttentionLoad& decode, bool windowed,
                 Ops& ops) const;
  // The same without the list.
  PartTimes attention_times(const AttentionLoad& prefill, const AttentionLoad& decode) const;

  void dense_ffn(double tokens, Ops& ops) const;

  // Everything of a MoE layer but the routed experts: router, shared experts, exchange with the
  // other EP ranks, all-reduce.
  void expert_exchange(double tokens, Ops& ops) const;
  // The routed experts of the hottest rank, with the tokens of all EP ranks together.
  void experts(double all_tokens, Ops& ops) const;
  // What that rank computes: rows, and experts that have any.
  RankExperts hottest_rank(double all_tokens) const;
  // The same for a rank that is known.
  void experts(const RankExperts& rank, Ops& ops) const;

  // What low-rank adapters add to a layer's projections when the tokens' requests use `adapters`
  // distinct ones: a shrink and an expand kernel each, which read every adapter in use once.
  void lora(double tokens, double adapters, Ops& ops) const;

  void embedding(double tokens, Ops& ops) const;  // first stage
  void hand_over(double tokens, Ops& ops) const;  // to the next stage
  void lm_head(double sampled, Ops& ops) const;   // last stage, on sampled positions

  const OpsParameters& parameters() const { return p_; }
  const ModelSpec& model() const { return model_; }
  const ParallelConfig& parallel() const { return parallel_; }

 private:
  struct TypeRates {
    double peak = 0;  // FLOP/s reached
    double weight_bytes = 2, in_bytes = 2;
  };

  template <class Sink>
  void emit_attention(const AttentionLoad& prefill, const AttentionLoad& decode, bool windowed,
                      Sink&& sink) const;
  OpCost prefill_core(const AttentionLoad& load, bool windowed) const;
  OpCost decode_core(const AttentionLoad& load, bool windowed) const;

  TypeRates rates(const HardwareSpec& gpu, DType type, const WeightFormat& format,
                  const OpsParameters::ByType& efficiency, const char* what) const;
  void quantise(std::string_view name, double elements, const TypeRates& type, Ops& ops) const;
  OpCost gemm(std::string_view name, const GemmShape& shape, double peak) const;
  OpCost projection(std::string_view name, double m, double n, double k,
                    const TypeRates& type) const;
  OpCost expert_gemm(std::string_view name, double rows, double columns, double k,
                     double count) const;
  OpCost elementwise(std::string_view name, double elements, double reads, double writes) const;
  void exchange(std::string_view name, Collective kind, Bytes message, const GroupPlacement& group,
                Ops& ops) const;
  void all_reduce(std::string_view name, double tokens, Ops& ops) const;
  void pass_around(std::string_view name, Bytes block, Seconds floor, Ops& ops) const;
  double shared(double tokens) const { return tokens / cp_; }

  ModelSpec model_;
  ParallelConfig parallel_;
  OpsParameters p_;
  Precision precision_;
  Placement placement_;
  Fabric fabric_;

  TypeRates attention_type_, ffn_type_, expert_type_, head_type_;
  double prefill_peak_ = 0, decode_peak_ = 0;  // of attention, FLOP/s reached
  double memory_rate_ = 0;                     // byte/s of the data sheet

  double tp_ = 1, cp_ = 1, ep_ = 1;
  double hidden_ = 0, q_heads_ = 0, kv_heads_ = 0, q_width_ = 0, kv_width_ = 0, v_width_ = 0;
  double ffn_ = 0, shared_ffn_ = 0, expert_ffn_ = 0, vocab_ = 0;  // columns of this GPU
  double up_matrices_ = 2;                                        // gate and up, or up alone
  AttentionHeads prefill_heads_, decode_heads_;
  std::optional<HottestRank> hottest_;
  std::vector<LoraProjection> lora_;
  double lora_rank_ = 0, lora_peak_ = 0;
  double ranks_visited_ = 1;  // EP ranks that a token's experts live on
};

}  // namespace inferbench

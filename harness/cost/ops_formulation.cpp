#include "harness/cost/ops_formulation.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/plan/memory.hpp"
#include "kernels/shapes/elementwise.hpp"
#include "kernels/shapes/lora.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {
namespace {

double share(std::int64_t total, std::int64_t ways) {
  return real(largest_share(total, ways));
}

// Activations enter a GEMM in the width its tensor cores multiply at.
double activation_bytes(const HardwareSpec& gpu, DType weights) {
  const bool four_bit_units = gpu.peaks.contains(DType::fp4);
  switch (weights) {
    case DType::fp8:
    case DType::fp8_block:
    case DType::int8:
      return 1.0;
    case DType::fp4:
    case DType::nvfp4:
      return four_bit_units ? bytes_per_element(weights) : 2.0;
    case DType::mxfp4:
      return four_bit_units ? 1.0 : 2.0;  // MXFP8 activations
    default:
      return std::min(bytes_per_element(weights), 4.0) < 2.0 ? 2.0 : bytes_per_element(weights);
  }
}

// max(compute, memory) + floor, and which of the three is the longest.
OpCost roofline(std::string_view name, OpPart part, const Work& work, double flops, double peak,
                double bandwidth, Seconds floor) {
  const double compute = flops / peak;
  const double memory = work.bytes().count() / bandwidth;
  const double roof = std::max(compute, memory);
  OpCost op{.name = name, .part = part, .work = work};
  op.time = Seconds(roof) + floor;
  op.roof = floor.count() > roof ? RoofKind::floor
            : compute > memory   ? RoofKind::compute
                                 : RoofKind::memory;
  return op;
}

}  // namespace

OpsFormulation::OpsFormulation(const ModelSpec& model, const HardwareSpec& gpu,
                               const ParallelConfig& parallel, const Precision& precision,
                               const OpsParameters& parameters,
                               const std::optional<LoraAdapters>& lora)
    : model_(model),
      parallel_(parallel),
      p_(parameters),
      precision_(precision),
      placement_(placement(parallel, gpu.domain_size)),
      fabric_(gpu, parameters),
      memory_rate_(gpu.memory_bandwidth.count()),
      tp_(real(parallel.tp)),
      cp_(real(parallel.cp)),
      ep_(real(parallel.ep)),
      hidden_(real(model.hidden)),
      q_heads_(share(model.heads, parallel.tp)),
      kv_heads_(real(kv_heads_per_rank(model, parallel.tp))),
      ffn_(share(model.ffn, parallel.tp)),
      vocab_(share(model.vocab, parallel.tp)),
      up_matrices_(real(model.ffn_matrices - 1)) {
  attention_type_ = rates(gpu, precision.attention, precision.attention_format, p_.gemm_efficiency,
                          "attention projections");
  ffn_type_ = rates(gpu, precision.ffn, precision.ffn_format, p_.gemm_efficiency, "the FFN");
  head_type_ = rates(gpu, precision.head, precision.head_format, p_.gemm_efficiency, "the LM head");
  const DType math = precision.attention_math;
  prefill_peak_ = rates(gpu, math, {}, p_.prefill_attention_efficiency, "prefill attention").peak;
  decode_peak_ = rates(gpu, math, {}, p_.decode_attention_efficiency, "decode attention").peak;
  const double kv_bytes = bytes_per_element(precision.kv);
  if (model.mla) {
    const MlaSpec& mla = *model.mla;
    const double nope = real(mla.qk_nope_head_dim), rope = real(mla.qk_rope_head_dim);
    const double v_dim = real(mla.v_head_dim), latent = real(mla.kv_lora_rank);
    prefill_heads_ = mla_expanded_heads(q_heads_, nope, rope, v_dim, latent, kv_bytes);
    decode_heads_ = mla_absorbed_heads(q_heads_, latent, rope, kv_bytes);
    q_width_ = q_heads_ * (nope + rope), kv_width_ = latent + rope, v_width_ = q_heads_ * v_dim;
  } else {
    prefill_heads_ = grouped_query_heads(q_heads_, kv_heads_, real(model.head_dim), kv_bytes);
    decode_heads_ = prefill_heads_;
    q_width_ = q_heads_ * real(model.head_dim), v_width_ = q_width_;
    kv_width_ = 2.0 * kv_heads_ * real(model.head_dim);
  }
  if (lora) {
    lora_ = lora_projections(*lora, model, parallel.tp);
    lora_rank_ = real(lora->rank);
    lora_peak_ = rates(gpu, DType::bf16, {}, p_.gemm_efficiency, "adapters").peak;
  }
  if (parameters.routing && !model.moe) {
    throw Error("--routing", model.name + " has no experts", "routing is of MoE models",
                "leave it out");
  }
  if (model.moe) {
    const MoeSpec& moe = *model.moe;
    expert_type_ =
        rates(gpu, precision.experts, precision.experts_format, p_.moe_efficiency, "experts");
    hottest_.emplace(moe.experts, moe.top_k, parallel.ep, p_.expert_skew);
    expert_ffn_ = share(moe.ffn, parallel.tp);
    shared_ffn_ = share(moe.ffn * moe.shared, parallel.tp);
    ranks_visited_ = expected_ranks_visited(real(moe.experts), real(moe.top_k), ep_);
  }
}

// Weight-only quantisation stores narrow and multiplies wide: peak and efficiency are those of the
// type that is multiplied.
OpsFormulation::TypeRates OpsFormulation::rates(const HardwareSpec& gpu, DType type,
                                                const WeightFormat& format,
                                                const OpsParameters::ByType& efficiency,
                                                const char* what) const {
  const DType math = format.inputs.value_or(type);
  const auto dense = peak(gpu, math);
  if (!dense) {
    throw Error("gpu " + gpu.name,
                "has no " + std::string(name(math)) + " peak, which " + what + " would run at",
                "each precision needs units that multiply it",
                "choose another with --precision, bf16 for one");
  }
  const auto reached = efficiency.find(math);
  if (reached == efficiency.end()) {
    throw Error("cost profile", "has no " + std::string(name(math)) + " efficiency for " + what,
                "each type in use needs one", "add it to the profile, or choose --precision");
  }
  const auto gain = format.sparse ? sparse_gain(gpu) : 1.0;
  if (!gain) {
    throw Error("gpu " + gpu.name,
                "has no 2:4 sparse peak, which " + std::string(what) + " would run at",
                "sparse weights need units that multiply them", "leave /2:4 out of --precision");
  }
  return {
      .peak = dense->count() * reached->second * *gain * p_.sustained_clock,
      .weight_bytes = stored_bytes(type, format),
      .in_bytes = format.inputs ? bytes_per_element(*format.inputs) : activation_bytes(gpu, type)};
}

// The kernel that writes a GEMM's narrow inputs, where none before it does.
void OpsFormulation::quantise(std::string_view name, double elements, const TypeRates& type,
                              Ops& ops) const {
  const double wide = bytes_per_element(precision_.activations);
  if (!precision_.quantise_apart || type.in_bytes >= wide) return;
  ops.push_back(elementwise(name, elements, wide / 2.0, type.in_bytes / 2.0));
}

OpCost OpsFormulation::gemm(std::string_view name, const GemmShape& shape, double peak) const {
  const Flops flops = tiled_flops(shape, p_.tile_m, p_.tile_n);
  return roofline(name, OpPart::gemm, work(shape), flops.count(), peak,
                  memory_rate_ * p_.memory_efficiency, p_.gemm_floor);
}

OpCost OpsFormulation::projection(std::string_view name, double m, double n, double k,
                                  const TypeRates& type) const {
  return gemm(
      name, {.m = m, .n = n, .k = k, .in_bytes = type.in_bytes, .weight_bytes = type.weight_bytes},
      type.peak);
}

OpCost OpsFormulation::elementwise(std::string_view name, double elements, double reads,
                                   double writes) const {
  const Work w = work(ElementwiseShape{.elements = elements, .reads = reads, .writes = writes});
  // Vector units keep up with memory: no compute roof.
  return roofline(name, OpPart::elementwise, w, 0, 1,
                  memory_rate_ * p_.elementwise_memory_efficiency, p_.elementwise_floor);
}

void OpsFormulation::exchange(std::string_view name, Collective kind, Bytes message,
                              const GroupPlacement& group, Ops& ops) const {
  const CollectiveCost cost = kind == Collective::send_receive
                                  ? fabric_.hop(message, group)
                                  : fabric_.collective(kind, message, group);
  if (cost.scale_up.count() > 0) {
    ops.push_back({.name = name,
                   .part = OpPart::scale_up,
                   .work = {},
                   .wire = cost.wire_up,
                   .time = cost.scale_up,
                   .roof = RoofKind::scale_up});
  }
  if (cost.scale_out.count() > 0) {
    ops.push_back({.name = name,
                   .part = OpPart::scale_out,
                   .work = {},
                   .wire = cost.wire_out,
                   .time = cost.scale_out,
                   .roof = RoofKind::scale_out});
  }
}

void OpsFormulation::all_reduce(std::string_view name, double tokens, Ops& ops) const {
  const Bytes message(tokens * hidden_ * bytes_per_element(precision_.activations));
  exchange(name, Collective::all_reduce, message, placement_.tensor, ops);
}

void OpsFormulation::projections(double tokens, Ops& ops) const {
  if (tokens <= 0) return;
  const double n = shared(tokens);
  ops.push_back(elementwise("input_norm", n * hidden_, 2, 2));
  quantise("qkv_quantise", n * hidden_, attention_type_, ops);
  if (model_.mla) {
    const MlaSpec& mla = *model_.mla;
    const double latent = real(mla.kv_lora_rank + mla.qk_rope_head_dim);
    // Down-projections are too narrow to split: every TP rank computes them.
    const double q_rank = real(mla.q_lora_rank);
    if (q_rank > 0) {
      ops.push_back(projection("qkv_down_gemm", n, q_rank + latent, hidden_, attention_type_));
      ops.push_back(projection("q_up_gemm", n, q_width_, q_rank, attention_type_));
    } else {
      ops.push_back(projection("qkv_down_gemm", n, q_width_ + latent, hidden_, attention_type_));
    }
  } else {
    ops.push_back(projection("qkv_gemm", n, q_width_ + kv_width_, hidden_, attention_type_));
  }
  ops.push_back(elementwise("rope_kv_write", n * (q_width_ + kv_width_), 1, 1));
  quantise("out_quantise", n * v_width_, attention_type_, ops);
  ops.push_back(projection("out_gemm", n, hidden_, v_width_, attention_type_));
  all_reduce("attention_all_reduce", n, ops);
  ops.push_back(elementwise("ffn_norm", n * hidden_, 2, 2));
}

OpCost OpsFormulation::prefill_core(const AttentionLoad& load, bool windowed) const {
  const Work w = work(prefill_heads_, load);
  return roofline(windowed ? "windowed_prefill_attention" : "prefill_attention", OpPart::attention,
                  w, w.flops.count(), prefill_peak_,
                  memory_rate_ * p_.prefill_attention_memory_efficiency,
                  p_.prefill_attention_floor);
}

OpCost OpsFormulation::decode_core(const AttentionLoad& load, bool windowed) const {
  const Work w = work(decode_heads_, load);
  return roofline(windowed ? "windowed_decode_attention" : "decode_attention", OpPart::attention, w,
                  w.flops.count(), decode_peak_,
                  memory_rate_ * p_.decode_attention_memory_efficiency, p_.decode_attention_floor);
}

template <class Sink>
void OpsFormulation::emit_attention(const AttentionLoad& prefill, const AttentionLoad& decode,
                                    bool windowed, Sink&& sink) const {
  if (prefill.queries > 0) {
    // Each rank keeps its queries and sees all keys and values.
    AttentionLoad mine = prefill;
    mine.queries /= cp_, mine.pairs /= cp_;
    if (model_.mla) {
      const MlaSpec& mla = *model_.mla;
      const double columns = q_heads_ * real(mla.qk_nope_head_dim + mla.v_head_dim);
      sink(projection("kv_up_gemm", prefill.kv_tokens, columns, real(mla.kv_lora_rank),
                      attention_type_));
    }
    sink(prefill_core(mine, windowed));
  }
  if (decode.queries > 0) {
    // Every rank scores all decodes against its share of the cache.
    AttentionLoad mine = decode;
    mine.pairs /= cp_, mine.kv_tokens /= cp_;
    if (model_.mla) {
      const MlaSpec& mla = *model_.mla;
      const double latent = real(mla.kv_lora_rank);
      const auto absorbed = [&](std::string_view name, double k, double n) {
        const GemmShape shape{.m = decode.queries,
                              .n = n,
                              .k = k,
                              .count = q_heads_,
                              .in_bytes = 2,
                              .weight_bytes = attention_type_.weight_bytes};
        sink(gemm(name, shape, attention_type_.peak));
      };
      absorbed("absorbed_q_gemm", real(mla.qk_nope_head_dim), latent);
      absorbed("absorbed_v_gemm", latent, real(mla.v_head_dim));
    }
    sink(decode_core(mine, windowed));
  }
}

PartTimes OpsFormulation::attention_times(const AttentionLoad& prefill,
                                          const AttentionLoad& decode) const {
  if (parallel_.cp > 1) {
    Ops ops;
    attention(prefill, decode, false, ops);
    return part_times(ops);
  }
  PartTimes times;
  emit_attention(prefill, decode, false, [&](const OpCost& op) { times.add(op); });
  return times;
}

void OpsFormulation::attention(const AttentionLoad& prefill, const AttentionLoad& decode,
                               bool windowed, Ops& ops) const {
  const auto emit = [&](const AttentionLoad& some, const AttentionLoad& others) {
    emit_attention(some, others, windowed, [&](const OpCost& op) { ops.push_back(op); });
  };
  if (parallel_.cp == 1) {
    emit(prefill, decode);
    return;
  }
  const bool ring = p_.context_exchange == ContextExchange::ring;
  if (prefill.queries > 0) {
    emit(prefill, {});
    const Bytes cache(prefill.kv_tokens * prefill_heads_.kv_elements * prefill_heads_.kv_bytes);
    if (ring) {
      pass_around("ring_pass_kv", cache / cp_, p_.prefill_attention_floor, ops);
    } else {
      exchange("kv_all_gather", Collective::all_gather, cache, placement_.context, ops);
    }
  }
  if (decode.queries > 0) {
    emit({}, decode);
    const Bytes queries(2.0 * decode.queries * q_heads_ * decode_heads_.qk_dim);
    const Bytes outputs(2.0 * decode.queries * q_heads_ * decode_heads_.v_dim);
    if (ring) {
      pass_around("ring_pass_q", queries / cp_, p_.decode_attention_floor, ops);
      exchange("output_all_to_all", Collective::all_to_all, outputs, placement_.context, ops);
    } else {
      exchange("query_all_gather", Collective::all_gather, queries, placement_.context, ops);
      exchange("output_reduce_scatter", Collective::reduce_scatter, outputs, placement_.context,
               ops);
    }
  }
}

// Attention block by block, CP of them; while one is computed the next arrives. What was pushed
// last is attention on all blocks in one kernel.
void OpsFormulation::pass_around(std::string_view name, Bytes block, Seconds floor,
                                 Ops& ops) const {
  OpCost& core = ops.back();
  core.time += floor * (cp_ - 1.0);
  core.kernels = cp_;
  const Seconds each = core.time / cp_;
  Ops hop;
  exchange(name, Collective::send_receive, block, placement_.context, hop);
  for (OpCost op : hop) {
    op.time = std::max(Seconds(0), op.time - each) * (cp_ - 1.0);
    op.wire = op.wire * (cp_ - 1.0), op.kernels = cp_ - 1.0;
    ops.push_back(op);
  }
}

void OpsFormulation::dense_ffn(double tokens, Ops& ops) const {
  if (tokens <= 0) return;
  const double n = shared(tokens);
  quantise("ffn_up_quantise", n * hidden_, ffn_type_, ops);
  ops.push_back(projection("ffn_up_gemm", n, ffn_ * up_matrices_, hidden_, ffn_type_));
  ops.push_back(elementwise("ffn_activation", n * ffn_, up_matrices_, 1));
  quantise("ffn_down_quantise", n * ffn_, ffn_type_, ops);
  ops.push_back(projection("ffn_down_gemm", n, hidden_, ffn_, ffn_type_));
  all_reduce("ffn_all_reduce", n, ops);
}

void OpsFormulation::expert_exchange(double tokens, Ops& ops) const {
  if (tokens <= 0 || !model_.moe) return;
  const double n = shared(tokens);
  const MoeSpec& moe = *model_.moe;
  ops.push_back(
      gemm("router_gemm", {.m = n, .n = real(moe.experts), .k = hidden_}, attention_type_.peak));
  ops.push_back(elementwise("top_k", n * real(moe.experts), 1, 0));
  ops.back().part = OpPart::moe;
  if (moe.shared > 0) {
    ops.push_back(projection("shared_up_gemm", n, shared_ffn_ * up_matrices_, hidden_, ffn_type_));
    ops.push_back(elementwise("shared_activation", n * shared_ffn_, up_matrices_, 1));
    ops.push_back(projection("shared_down_gemm", n, hidden_, shared_ffn_, ffn_type_));
  }
  if (parallel_.ep == 1) {
    all_reduce("expert_all_reduce", n, ops);
    return;
  }
  // Tokens cross to other EP ranks split over TP, are gathered inside TP for the experts' column
  // shards, and go back the same way.
  const double rows = n * ranks_visited_ * hidden_;
  const Bytes dispatch(rows * bytes_per_element(precision_.dispatch));
  const Bytes combine(rows * bytes_per_element(precision_.combine));
  exchange("dispatch_all_to_all", Collective::all_to_all, dispatch / tp_, placement_.expert, ops);
  exchange("dispatch_all_gather", Collective::all_gather, dispatch, placement_.tensor, ops);
  exchange("combine_reduce_scatter", Collective::reduce_scatter, combine, placement_.tensor, ops);
  exchange("combine_all_to_all", Collective::all_to_all, combine / tp_, placement_.expert, ops);
  if (moe.shared > 0) all_reduce("shared_all_reduce", n, ops);
}

OpCost OpsFormulation::expert_gemm(std::string_view name, double rows, double columns, double k,
                                   double count) const {
  const GemmShape shape{.m = rows,
                        .n = columns,
                        .k = k,
                        .count = count,
                        .in_bytes = expert_type_.in_bytes,
                        .weight_bytes = expert_type_.weight_bytes};
  const Flops flops = tiled_flops(shape, p_.tile_m, p_.tile_n);
  return roofline(name, OpPart::moe, work(shape), flops.count(), expert_type_.peak,
                  memory_rate_ * p_.moe_memory_efficiency, p_.moe_floor / 2.0);
}

RankExperts OpsFormulation::hottest_rank(double all_tokens) const {
  if (all_tokens <= 0 || !hottest_) return {};
  const double n = shared(all_tokens);
  const double rows = routed_rows(n, real(model_.moe->top_k)) * hottest_->share();
  // A rank cannot touch more experts than it has rows.
  return {rows, std::min(hottest_->distinct_experts(n), std::max(rows, 1e-9))};
}

void OpsFormulation::experts(double all_tokens, Ops& ops) const {
  experts(hottest_rank(all_tokens), ops);
}

void OpsFormulation::experts(const RankExperts& rank, Ops& ops) const {
  const double rows = rank.rows, touched = rank.distinct;
  if (rows <= 0) return;
  const double per_expert = rows / touched;
  const auto moved = [&](std::string_view op, double elements, double reads, double writes) {
    ops.push_back(elementwise(op, elements, reads, writes));
  };
  moved("permute", rows * hidden_, 1, 1);
  quantise("expert_up_quantise", rows * hidden_, expert_type_, ops);
  ops.push_back(
      expert_gemm("expert_up_gemm", per_expert, expert_ffn_ * up_matrices_, hidden_, touched));
  moved("expert_activation", rows * expert_ffn_, up_matrices_, 1);
  quantise("expert_down_quantise", rows * expert_ffn_, expert_type_, ops);
  ops.push_back(expert_gemm("expert_down_gemm", per_expert, hidden_, expert_ffn_, touched));
  moved("weighted_sum", rows * hidden_, 1, 0.5);
}

void OpsFormulation::lora(double tokens, double adapters, Ops& ops) const {
  if (tokens <= 0 || adapters <= 0) return;
  struct Names {
    std::string_view shrink, expand;
  };
  const auto names = [](std::string_view name) -> Names {
    if (name == "qkv") return {"lora_qkv_shrink", "lora_qkv_expand"};
    if (name == "out") return {"lora_out_shrink", "lora_out_expand"};
    if (name == "up") return {"lora_up_shrink", "lora_up_expand"};
    return {"lora_down_shrink", "lora_down_expand"};
  };
  for (const LoraProjection& p : lora_) {
    const auto [shrink, expand] = names(p.name);
    const LoraShape shape{.rows = shared(tokens),
                          .adapters = adapters,
                          .in = p.in,
                          .out = p.out,
                          .rank = lora_rank_,
                          .products = p.products};
    ops.push_back(gemm(shrink, lora_shrink(shape), lora_peak_));
    ops.push_back(gemm(expand, lora_expand(shape), lora_peak_));
  }
}

void OpsFormulation::embedding(double tokens, Ops& ops) const {
  if (tokens <= 0) return;
  const double n = shared(tokens);
  ops.push_back(elementwise("embedding", n * hidden_, 1, 1));
  all_reduce("embedding_all_reduce", n, ops);
}

void OpsFormulation::hand_over(double tokens, Ops& ops) const {
  if (tokens <= 0 || parallel_.pp == 1) return;
  const Bytes message(shared(tokens) * hidden_ * bytes_per_element(precision_.activations));
  // TP ranks hold the same activations: each sends a slice, the receivers gather.
  exchange("hand_over", Collective::send_receive, message / tp_, placement_.pipeline, ops);
  exchange("hand_over_gather", Collective::all_gather, message, placement_.tensor, ops);
}

void OpsFormulation::lm_head(double sampled, Ops& ops) const {
  if (sampled <= 0) return;
  ops.push_back(elementwise("final_norm", sampled * hidden_, 2, 1));
  ops.push_back(projection("lm_head_gemm", sampled, vocab_, hidden_, head_type_));
  exchange("logits_all_gather", Collective::all_gather, Bytes(sampled * real(model_.vocab) * 2.0),
           placement_.tensor, ops);
  ops.push_back(elementwise("sampling", sampled * real(model_.vocab), 2, 0));
}

}  // namespace inferbench

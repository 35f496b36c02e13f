#include "harness/cost/claims_formulation.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "kernels/shapes/gemm.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {
namespace {

double peak_of(const HardwareSpec& gpu, DType type, const char* what) {
  const auto found = peak(gpu, type);
  if (found) return found->count();
  throw Error("gpu " + gpu.name,
              "has no " + std::string(name(type)) + " peak, which " + what + " would run at",
              "each precision needs units that multiply it",
              "choose another with --precision, bf16 for one");
}

double efficiency_of(const ClaimsParameters& p, DType type) {
  switch (type) {
    case DType::fp4:
    case DType::nvfp4:
    case DType::mxfp4:
      return p.fp4_efficiency;
    case DType::fp8:
    case DType::fp8_block:
    case DType::int8:
      return p.fp8_efficiency;
    default:
      return p.bf16_efficiency;
  }
}

}  // namespace

ClaimsLoad steady_load(const Traffic& traffic, double chunk, double decodes, std::int64_t ep) {
  const double isl = real(traffic.isl.count()), osl = real(traffic.osl.count());
  const double context = isl / 2.0;
  return {.prefill_tokens = chunk,
          .prefill_pairs = chunk * context,
          .prefill_kv_tokens = context,
          .decode_tokens = decodes,
          .decode_kv_tokens = decodes * (isl + osl / 2.0),
          .sampled = decodes + chunk / isl,
          .all_tokens = (chunk + decodes) * real(ep)};
}

ClaimsFormulation::ClaimsFormulation(const ModelSpec& model, const HardwareSpec& gpu,
                                     const ParallelConfig& parallel, const Precision& precision,
                                     const ClaimsParameters& parameters)
    : model_(model), parallel_(parallel), precision_(precision), p_(parameters) {
  if (model.mla) {
    throw Error("model " + model.name, "has latent attention (MLA)",
                "the claims formulation knows multi-head, grouped and multi-query attention",
                "use a profile of the ops formulation, --profile default");
  }
  const double tp = real(parallel.tp);
  if (model.moe) {
    experts_ = real(model.moe->experts), top_k_ = real(model.moe->top_k);
  }
  stage_layers_ = std::ceil(real(model.layers) / real(parallel.pp));
  // Keys and values are not split below one head: with fewer KV heads than ranks they replicate.
  const double kv_heads = std::max(1.0, real(model.kv_heads) / tp);
  const auto gemm_peak = [&](DType type, const char* what) {
    return peak_of(gpu, type, what) * efficiency_of(p_, type);
  };
  const DType expert_type = model.moe ? precision.experts : precision.ffn;
  gpu_ = {.q_width = real(model.heads) / tp * real(model.head_dim),
          .kv_width = kv_heads * real(model.head_dim),
          .ffn = real(model.moe ? model.moe->ffn : model.ffn) / tp,
          .attention_peak = gemm_peak(precision.attention, "attention projections"),
          .expert_peak = gemm_peak(expert_type, "experts"),
          .head_peak = gemm_peak(precision.head, "the LM head"),
          .attention_math_peak =
              peak_of(gpu, precision.attention_math, "attention") * p_.attention_efficiency,
          .memory_rate = gpu.memory_bandwidth.count() * p_.memory_efficiency,
          .scale_up_rate = gpu.scale_up.count() * p_.scale_up_efficiency,
          .scale_out_rate = gpu.scale_out.count() * p_.scale_out_efficiency,
          .domain = real(gpu.domain_size),
          .capacity = gpu.memory.count()};
}

ClaimsFormulation::Timed ClaimsFormulation::roofline(double flops, double peak,
                                                     double bytes) const {
  const double compute = flops / peak, memory = bytes / gpu_.memory_rate;
  return {std::max(compute, memory), compute > memory ? RoofKind::compute : RoofKind::memory};
}

ClaimsFormulation::Timed ClaimsFormulation::sum(const Timed& a, const Timed& b) {
  return {a.seconds + b.seconds, a.seconds > b.seconds ? a.roof : b.roof};
}

ClaimsFormulation::Timed ClaimsFormulation::gemm(double m, double k, double n, double weight_bytes,
                                                 double peak, double count, double touched) const {
  if (m <= 0) return {};
  const double columns = p_.tile > 0 ? std::ceil(n / p_.tile) * p_.tile : n;
  const double flops = 2.0 * tiled(m, p_.tile) * k * columns * count;
  const double bytes =
      count * touched * k * n * weight_bytes + count * m * (k + n) * p_.activation_traffic_bytes;
  return roofline(flops, peak, bytes);
}

ClaimsFormulation::Timed ClaimsFormulation::attention_gemms(double tokens) const {
  const double weights = bytes_per_element(precision_.attention), hidden = real(model_.hidden);
  const double qkv = gpu_.q_width + 2.0 * gpu_.kv_width;
  return sum(gemm(tokens, hidden, qkv, weights, gpu_.attention_peak),
             gemm(tokens, gpu_.q_width, hidden, weights, gpu_.attention_peak));
}

ClaimsFormulation::Timed ClaimsFormulation::attention(double pairs, double kv_tokens) const {
  return roofline(4.0 * pairs * gpu_.q_width, gpu_.attention_math_peak,
                  kv_tokens * 2.0 * gpu_.kv_width * bytes_per_element(precision_.kv));
}

ClaimsFormulation::Timed ClaimsFormulation::expert_gemms(double all_tokens) const {
  const DType type = model_.moe ? precision_.experts : precision_.ffn;
  const double weight_bytes = bytes_per_element(type), hidden = real(model_.hidden);
  const double local = experts_ / real(parallel_.ep);
  const double rows = routed_rows(all_tokens, top_k_) / experts_ * p_.expert_imbalance;
  // Above 200 tokens every expert has work, to within rounding.
  const double touched =
      all_tokens < 200 ? expected_distinct_experts(experts_, top_k_, all_tokens) / experts_ : 1.0;
  const double up_columns = gpu_.ffn * real(model_.ffn_matrices - 1);
  return sum(gemm(rows, hidden, up_columns, weight_bytes, gpu_.expert_peak, local, touched),
             gemm(rows, gpu_.ffn, hidden, weight_bytes, gpu_.expert_peak, local, touched));
}

double ClaimsFormulation::collective(Collective kind, double message, double size,
                                     double stride) const {
  if (size <= 1) return 0;
  if (size * stride > gpu_.domain) return across_domains(kind, message, size, stride);
  const double latency = p_.scale_up_latency.count() * (1.0 + 0.15 * std::log2(size));
  return latency + wire_bytes(kind, Bytes(message), size).count() / gpu_.scale_up_rate;
}

// Reduced or gathered inside the domain first, so that each byte crosses the slow network once.
double ClaimsFormulation::across_domains(Collective kind, double message, double size,
                                         double stride) const {
  const double local = std::max(1.0, std::floor(gpu_.domain / stride));
  const double domains = std::ceil(size / local);
  const double latency = p_.scale_out_latency.count() * (1.0 + 0.3 * std::log2(domains)) +
                         (local > 1 ? p_.scale_up_latency.count() : 0.0);
  if (kind == Collective::all_to_all) {
    const double outside = message * (size - local) / size;
    const double inside = message * (local - 1.0) / size;
    return latency + std::max(outside / gpu_.scale_out_rate, inside / gpu_.scale_up_rate);
  }
  return latency + wire_bytes(kind, Bytes(message), local).count() / gpu_.scale_up_rate +
         wire_bytes(kind, Bytes(message / local), domains).count() / gpu_.scale_out_rate;
}

double ClaimsFormulation::tp_all_reduce(double tokens) const {
  const double tp = real(parallel_.tp);
  const double in_network = p_.in_network_reduction && tp <= gpu_.domain ? 0.5 : 1.0;
  const double message =
      tokens * real(model_.hidden) * bytes_per_element(precision_.activations) * in_network;
  return collective(Collective::all_reduce, message, tp, 1);
}

double ClaimsFormulation::layer(const ClaimsStage& s) const {
  const double compute = (s.attention_gemm + s.prefill_attention + s.decode_attention +
                          s.expert_gemm + s.elementwise + s.kernels)
                             .count();
  const double tp = s.tp_collectives.count(), a2a = s.all_to_all.count();
  if (p_.scale_up_overlap > 0) {
    const double tp_ranks = real(parallel_.tp), ep_ranks = real(parallel_.ep);
    const double inside =
        (tp_ranks <= gpu_.domain ? tp : 0.0) + (tp_ranks * ep_ranks <= gpu_.domain ? a2a : 0.0);
    return (tp + a2a - inside) + std::max(inside, compute) +
           (1.0 - p_.scale_up_overlap) * std::min(inside, compute);
  }
  return std::max(tp + a2a, compute) + (1.0 - p_.overlap) * std::min(tp + a2a, compute);
}

double ClaimsFormulation::hand_over(double tokens) const {
  if (parallel_.pp <= 1) return 0;
  const double bytes =
      tokens * real(model_.hidden) * bytes_per_element(precision_.activations) / real(parallel_.tp);
  if (real(parallel_.tp * parallel_.ep * parallel_.pp) <= gpu_.domain) {
    return p_.scale_up_latency.count() + bytes / gpu_.scale_up_rate;
  }
  return p_.scale_out_latency.count() + bytes / gpu_.scale_out_rate;
}

void ClaimsFormulation::add_communication(double tokens, ClaimsStage& s) const {
  const double tp = real(parallel_.tp), ep = real(parallel_.ep);
  s.tp_collectives = Seconds(tp_all_reduce(tokens));
  if (parallel_.ep == 1) {
    s.tp_collectives *= 2.0;
    return;
  }
  const double elements = routed_rows(tokens, top_k_) * real(model_.hidden);
  const double dispatch = elements * bytes_per_element(precision_.dispatch);
  const double combine = elements * bytes_per_element(precision_.combine);
  // Tokens travel between EP ranks sharded over TP, and are gathered and scattered inside it.
  s.all_to_all = Seconds(collective(Collective::all_to_all, dispatch / tp, ep, tp) +
                         collective(Collective::all_to_all, combine / tp, ep, tp));
  s.tp_collectives += Seconds(collective(Collective::all_gather, dispatch, tp, 1) +
                              collective(Collective::reduce_scatter, combine, tp, 1));
}

ClaimsStage ClaimsFormulation::stage(const ClaimsLoad& load) const {
  const double tokens = load.prefill_tokens + load.decode_tokens;
  const double tp = real(parallel_.tp), pp = real(parallel_.pp), hidden = real(model_.hidden);
  const Timed projections = attention_gemms(tokens);
  const Timed prefill = attention(load.prefill_pairs, load.prefill_kv_tokens);
  const Timed decode = attention(load.decode_kv_tokens, load.decode_kv_tokens);
  const Timed experts = expert_gemms(load.all_tokens);
  const Timed head = gemm(load.sampled, hidden, real(model_.vocab) / tp,
                          bytes_per_element(precision_.head), gpu_.head_peak);
  ClaimsStage s;
  s.attention_gemm = Seconds(projections.seconds), s.attention_gemm_roof = projections.roof;
  s.prefill_attention = Seconds(prefill.seconds), s.prefill_attention_roof = prefill.roof;
  s.decode_attention = Seconds(decode.seconds), s.decode_attention_roof = decode.roof;
  s.expert_gemm = Seconds(experts.seconds), s.expert_gemm_roof = experts.roof;
  add_communication(tokens, s);
  // Half of the elementwise work is sharded by sequence under TP.
  s.elementwise = Seconds(tokens * hidden * 2.0 * p_.elementwise_passes / gpu_.memory_rate /
                          (parallel_.tp == 1 ? 1.0 : 2.0));
  s.kernels = p_.kernel * p_.kernels_per_layer;
  const double per_layer = layer(s);
  for (Seconds* part :
       {&s.attention_gemm, &s.prefill_attention, &s.decode_attention, &s.expert_gemm,
        &s.tp_collectives, &s.all_to_all, &s.elementwise, &s.kernels}) {
    *part *= stage_layers_;
  }
  s.head = Seconds(head.seconds), s.head_roof = head.roof;
  s.hand_over = Seconds(hand_over(tokens));
  s.time = Seconds(per_layer * stage_layers_) + s.hand_over + s.head / pp;
  return s;
}

ClaimsMemory ClaimsFormulation::memory(const Traffic& traffic, double decodes) const {
  const double isl = real(traffic.isl.count()), osl = real(traffic.osl.count());
  const double tp = real(parallel_.tp), ep = real(parallel_.ep), pp = real(parallel_.pp);
  const double hidden = real(model_.hidden);
  const double width = real(model_.head_dim) * real(model_.heads + 2 * model_.kv_heads);
  const double attention = hidden * (width + real(model_.heads * model_.head_dim)) *
                           bytes_per_element(precision_.attention);
  const double ffn = real(model_.moe ? model_.moe->ffn : model_.ffn);
  const double expert = real(model_.ffn_matrices) * hidden * ffn *
                        bytes_per_element(model_.moe ? precision_.experts : precision_.ffn);
  const double head = real(model_.vocab) * hidden * bytes_per_element(precision_.head);
  const double prompts = p_.chunk_pipelining ? 1.0 : pp;
  const double kv_tokens = decodes * (isl + osl / 2.0) + isl / 2.0 * prompts / pp;
  const double kv_per_token =
      2.0 * real(model_.layers) * gpu_.kv_width * bytes_per_element(precision_.kv);
  return {
      .weights = Bytes(stage_layers_ * (experts_ / ep * expert / tp + attention / tp) + head / tp),
      .kv = Bytes(kv_tokens * kv_per_token),
      .reserve = p_.memory_reserve,
      .available = Bytes(gpu_.capacity * p_.usable_memory)};
}

Seconds ClaimsFormulation::ttft(const Traffic& traffic, double chunk, Seconds stage_time) const {
  const double chunks = std::ceil(real(traffic.isl.count()) / chunk);
  const double pp = real(parallel_.pp);
  return stage_time * (chunks * (p_.chunk_pipelining ? 1.0 : pp) + pp - 1.0);
}

}  // namespace inferbench

#include "harness/plan/memory.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"

namespace inferbench {
namespace {

constexpr double kPlainBytes = 2.0;  // norms, biases and routers stay in 16 bit
constexpr std::int64_t kLogitRows = 256;

// ", 60 of 120 layers"
std::string of_layers(const ModelSpec& model, std::int64_t count) {
  if (count == model.layers) return ", " + std::to_string(count) + " layers";
  return ", " + std::to_string(count) + " of " + std::to_string(model.layers) + " layers";
}

std::string type_name(DType type, const WeightFormat& format = {}) {
  return ", " + label(type, format);
}

// Weight elements of one layer's attention on one TP rank.
double attention_elements(const ModelSpec& model, std::int64_t tp) {
  const double hidden = real(model.hidden);
  const double heads = real(largest_share(model.heads, tp));
  if (!model.mla) {
    const double q_width = heads * real(model.head_dim);
    const double kv_width = 2.0 * real(kv_heads_per_rank(model, tp) * model.head_dim);
    return hidden * (q_width + kv_width) + q_width * hidden;
  }
  const MlaSpec& mla = *model.mla;
  const double q_rank = real(mla.q_lora_rank), kv_rank = real(mla.kv_lora_rank);
  const double q_width = heads * real(mla.qk_nope_head_dim + mla.qk_rope_head_dim);
  const double query = q_rank > 0 ? hidden * q_rank + q_rank * q_width : hidden * q_width;
  const double down = hidden * (kv_rank + real(mla.qk_rope_head_dim));
  const double up = kv_rank * heads * real(mla.qk_nope_head_dim + mla.v_head_dim);
  return query + down + up + heads * real(mla.v_head_dim) * hidden;
}

MemoryPart attention_part(const ModelSpec& model, const ParallelConfig& parallel,
                          const Precision& precision, const StageLayers& layers) {
  std::string how = std::to_string(largest_share(model.heads, parallel.tp)) + " of " +
                    std::to_string(model.heads) + " heads (TP" + std::to_string(parallel.tp) + ")";
  if (model.mla && parallel.tp > 1) how += ", latent projections replicated over TP";
  if (!model.mla && parallel.tp > model.kv_heads) how += ", KV heads replicated";
  if (parallel.ep > 1) how += ", replicated over EP" + std::to_string(parallel.ep);
  return {.name = "attention",
          .bytes = Bytes(real(layers.count) * attention_elements(model, parallel.tp) *
                         stored_bytes(precision.attention, precision.attention_format)),
          .how = how + of_layers(model, layers.count) +
                 type_name(precision.attention, precision.attention_format)};
}

double ffn_elements(const ModelSpec& model, std::int64_t width, std::int64_t tp) {
  return real(model.ffn_matrices * model.hidden) * real(largest_share(width, tp));
}

MemoryPart dense_ffn_part(const ModelSpec& model, const ParallelConfig& parallel,
                          const Precision& precision, const StageLayers& layers) {
  return {.name = "ffn",
          .bytes = Bytes(real(layers.dense) * ffn_elements(model, model.ffn, parallel.tp) *
                         stored_bytes(precision.ffn, precision.ffn_format)),
          .how = "width " + std::to_string(model.ffn) + " / TP" + std::to_string(parallel.tp) +
                 of_layers(model, layers.dense) + type_name(precision.ffn, precision.ffn_format)};
}

MemoryPart experts_part(const ModelSpec& model, const ParallelConfig& parallel,
                        const Precision& precision, std::int64_t moe_layers) {
  const std::int64_t experts = largest_share(model.moe->experts, parallel.ep);
  const double per_expert = ffn_elements(model, model.moe->ffn, parallel.tp);
  return {.name = "experts",
          .bytes = Bytes(real(moe_layers * experts) * per_expert *
                         stored_bytes(precision.experts, precision.experts_format)),
          .how = std::to_string(experts) + " of " + std::to_string(model.moe->experts) +
                 " experts (EP" + std::to_string(parallel.ep) + "), each / TP" +
                 std::to_string(parallel.tp) + of_layers(model, moe_layers) +
                 type_name(precision.experts, precision.experts_format)};
}

MemoryPart shared_experts_part(const ModelSpec& model, const ParallelConfig& parallel,
                               const Precision& precision, std::int64_t moe_layers) {
  const std::int64_t width = model.moe->shared * model.moe->ffn;
  return {.name = "shared experts",
          .bytes = Bytes(real(moe_layers) * ffn_elements(model, width, parallel.tp) *
                         stored_bytes(precision.ffn, precision.ffn_format)),
          .how = "width " + std::to_string(width) + " / TP" + std::to_string(parallel.tp) +
                 ", replicated over EP" + of_layers(model, moe_layers) +
                 type_name(precision.ffn, precision.ffn_format)};
}

MemoryPart router_part(const ModelSpec& model, std::int64_t moe_layers) {
  return {.name = "router",
          .bytes = Bytes(real(moe_layers) * real(model.moe->experts * model.hidden) * kPlainBytes),
          .how = "replicated" + of_layers(model, moe_layers) + ", 16 bit"};
}

// Norms and biases of the stage: what the parameter counts have beyond the matrices.
MemoryPart norms_part(const ModelSpec& model, const ParallelConfig& parallel,
                      const StageLayers& layers) {
  const double hidden = real(model.hidden);
  double per_layer =
      2.0 * hidden + attention_parameters_per_layer(model) - attention_elements(model, 1);
  double expert_biases = 0;
  if (model.ffn_bias) {
    const auto biases = [&](std::int64_t width) {
      return real(model.ffn_matrices - 1) * real(largest_share(width, parallel.tp)) + hidden;
    };
    if (model.moe) {
      expert_biases = real(largest_share(model.moe->experts, parallel.ep)) * biases(model.moe->ffn);
    } else {
      per_layer += biases(model.ffn);
    }
  }
  return {.name = "norms",
          .bytes = Bytes((real(layers.count) * (per_layer + expert_biases) + hidden) * kPlainBytes),
          .how = "norms and biases" + of_layers(model, layers.count) + ", 16 bit"};
}

MemoryPart embedding_part(const ModelSpec& model, const ParallelConfig& parallel,
                          const Precision& precision, const StageLayers& layers) {
  const bool first = layers.stage == 0;
  const bool last = layers.stage + 1 == layers.stages;
  const double rows = real(largest_share(model.vocab, parallel.tp));
  // A tied table is stored once on a single stage, and on both ends of a pipeline.
  const bool separate_head = last && (!model.tie_embeddings || !first);
  const double tables = (first ? 1.0 : 0.0) + (separate_head ? 1.0 : 0.0);
  const double extra = first ? model.extra_embedding_parameters : 0.0;
  std::string how = first && separate_head ? "table and LM head"
                    : first                ? "table"
                    : separate_head        ? "LM head"
                                           : "none on this stage";
  return {.name = "embedding",
          .bytes = Bytes((tables * rows * real(model.hidden) + extra) *
                         stored_bytes(precision.head, precision.head_format)),
          .how = how + ", vocabulary / TP" + std::to_string(parallel.tp) +
                 type_name(precision.head, precision.head_format)};
}

Bytes sum(const std::vector<MemoryPart>& parts) {
  Bytes total{};
  for (const MemoryPart& part : parts) total += part.bytes;
  return total;
}

}  // namespace

std::int64_t largest_share(std::int64_t total, std::int64_t ways) {
  return (total + ways - 1) / ways;
}

std::int64_t kv_heads_per_rank(const ModelSpec& model, std::int64_t tp) {
  return largest_share(model.kv_heads, tp);
}

StageLayers stage_layers(const ModelSpec& model, std::int64_t stages, std::int64_t stage) {
  ensure(stages >= 1 && stages <= model.layers && stage >= 0 && stage < stages,
         "a stage has at least one layer");
  const std::int64_t base = model.layers / stages, longer = model.layers % stages;
  StageLayers layers{.stage = stage, .stages = stages};
  layers.first = stage * base + std::min(stage, longer);
  layers.count = base + (stage < longer ? 1 : 0);
  const std::int64_t end = layers.first + layers.count;
  const std::int64_t leading = model.moe ? model.moe->first_dense : model.layers;
  layers.dense = std::clamp<std::int64_t>(leading - layers.first, 0, layers.count);
  const std::int64_t period = model.sliding_window_period;
  if (model.sliding_window == 0) {
    layers.full_attention = layers.count;
  } else if (period > 1) {
    layers.full_attention = end / period - layers.first / period;
  }
  return layers;
}

std::vector<MemoryPart> weight_parts(const ModelSpec& model, const ParallelConfig& parallel,
                                     const Precision& precision, const StageLayers& layers) {
  std::vector<MemoryPart> parts;
  const std::int64_t moe_layers = layers.count - layers.dense;
  if (model.moe && moe_layers > 0) {
    parts.push_back(experts_part(model, parallel, precision, moe_layers));
    if (model.moe->shared > 0) {
      parts.push_back(shared_experts_part(model, parallel, precision, moe_layers));
    }
  }
  parts.push_back(attention_part(model, parallel, precision, layers));
  if (layers.dense > 0) parts.push_back(dense_ffn_part(model, parallel, precision, layers));
  parts.push_back(embedding_part(model, parallel, precision, layers));
  if (model.moe && moe_layers > 0) parts.push_back(router_part(model, moe_layers));
  parts.push_back(norms_part(model, parallel, layers));
  return parts;
}

Bytes weights_per_gpu(const ModelSpec& model, const ParallelConfig& parallel,
                      const Precision& precision) {
  Bytes fullest{};
  for (std::int64_t stage = 0; stage < parallel.pp; ++stage) {
    const StageLayers layers = stage_layers(model, parallel.pp, stage);
    fullest = std::max(fullest, sum(weight_parts(model, parallel, precision, layers)));
  }
  return fullest;
}

Bytes model_weights(const ModelSpec& model, const Precision& precision) {
  return weights_per_gpu(model, {}, precision);
}

Bytes kv_bytes_per_token_gpu(const ModelSpec& model, const ParallelConfig& parallel,
                             const Precision& precision, const StageLayers& layers,
                             Tokens kv_sequence) {
  const double elements = model.mla
                              ? kv_elements_per_token_layer(model)
                              : 2.0 * real(kv_heads_per_rank(model, parallel.tp) * model.head_dim);
  const double sequence = real(std::max<std::int64_t>(1, kv_sequence.count()));
  const double kept = std::min(1.0, real(model.sliding_window) / sequence);
  const double token_layers =
      real(layers.full_attention) + real(layers.count - layers.full_attention) * kept;
  return Bytes(token_layers * elements * bytes_per_element(precision.kv) / real(parallel.cp));
}

MemoryPart activation_part(const ModelSpec& model, const ParallelConfig& parallel,
                           const Precision& precision, Tokens tokens) {
  const std::int64_t tp = parallel.tp, hidden = model.hidden;
  const std::int64_t q_width = largest_share(model.heads, tp) * model.head_dim;
  const std::int64_t kv_width = 2 * kv_heads_per_rank(model, tp) * model.head_dim;
  std::int64_t widest = 2 * q_width + kv_width;
  const std::int64_t halves = model.ffn_matrices - 1;  // gate and up, or up alone
  if (model.dense_layers() > 0) widest = std::max(widest, halves * largest_share(model.ffn, tp));
  if (model.moe) {
    const std::int64_t inner = halves * largest_share(model.moe->ffn, tp);
    widest = std::max(widest, model.moe->top_k * (hidden + inner));
  }
  const double rows = real(largest_share(tokens.count(), parallel.cp));
  const double logits = 4.0 * real(kLogitRows) * real(largest_share(model.vocab, tp));
  const double bytes =
      rows * real(3 * hidden + widest) * bytes_per_element(precision.activations) + logits;
  return {.name = "activations",
          .bytes = Bytes(bytes),
          .how = std::to_string(tokens.count()) + " tokens x (3 x hidden + widest layer " +
                 std::to_string(widest) + ")" + type_name(precision.activations)};
}

Bytes memory_available(const HardwareSpec& gpu, const MemoryBudget& budget) {
  const Bytes capacity = budget.nominal_memory ? gpu.memory : visible_memory(gpu);
  return budget.usable_fraction * capacity;
}

std::int64_t min_gpus(const MinGpusInput& input) {
  const Bytes left = input.usable_fraction * input.memory_per_gpu - input.reserve_per_gpu;
  if (left.count() <= 0) {
    throw Error("memory", "nothing of a GPU is left for weights",
                "usable fraction x memory must exceed the reserve",
                "raise --memory-fraction or lower --runtime-reserve-gb");
  }
  const double exact = input.weights / left;
  return std::max<std::int64_t>(1, std::llround(std::ceil(exact - 1e-9)));
}

}  // namespace inferbench

#include "harness/execute/checkpoint/checkpoint_weights.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

// Families whose attention and FFN are what DecoderShape says and no more. "": a catalog's model.
constexpr const char* kFamilies[] = {
    "",        "llama",     "mistral",     "qwen2",       "qwen3",
    "mixtral", "qwen3_moe", "deepseek_v2", "deepseek_v3", "kimi_k2"};

void check_family(const std::string& family, const Checkpoint& checkpoint) {
  if (std::find(std::begin(kFamilies), std::end(kFamilies), family) != std::end(kFamilies)) return;
  throw Error(
      checkpoint.path(), "holds a model of the family " + family,
      "weights of llama, mistral, qwen2, qwen3, mixtral, qwen3_moe and deepseek_v2, _v3 are read",
      "leave --weights-file out: random weights take the same time");
}

std::size_t element_bytes(const StoredTensor& tensor) {
  return tensor.dtype == "F32" ? 4 : 2;
}

// Elements first .. first + to.size() of a tensor.
void widen(const StoredTensor& tensor, std::int64_t first, std::span<float> to) {
  const std::size_t size = element_bytes(tensor);
  const std::byte* from = tensor.data + static_cast<std::size_t>(first) * size;
  if (size == 4) {
    std::memcpy(to.data(), from, to.size() * 4);
    return;
  }
  const bool bf16 = tensor.dtype == "BF16";
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::uint16_t narrow = 0;
    std::memcpy(&narrow, from + 2 * i, 2);
    to[i] = bf16 ? bf16_to_float(narrow) : fp16_to_float(narrow);
  }
}

// Element i of a head's rotated part where neighbours are pairs: halves are the even ones, then the
// odd ones.
std::int64_t of_pairs(std::int64_t i, std::int64_t rope) {
  return i < rope / 2 ? 2 * i : 2 * (i - rope / 2) + 1;
}

// Where a checkpoint has the row.
std::int64_t stored_row(const DecoderShape& shape, DecoderMatrix matrix, std::int64_t row) {
  if (!shape.mla) return row;
  const std::int64_t nope = shape.mla->qk_nope_head_dim, rope = shape.mla->qk_rope_head_dim;
  const std::int64_t keys = shape.latent_query_width() + shape.mla->kv_lora_rank;
  if (matrix == DecoderMatrix::qkv && row >= keys) return keys + of_pairs(row - keys, rope);
  const bool plain_query = matrix == DecoderMatrix::qkv && shape.mla->q_lora_rank == 0 &&
                           row < shape.latent_query_width();
  if (matrix != DecoderMatrix::query_up && !plain_query) return row;
  const std::int64_t in_head = row % (nope + rope);
  return in_head < nope ? row : row - in_head + nope + of_pairs(in_head - nope, rope);
}

}  // namespace

// Finds the tensors, and knows which were asked for.
class CheckpointWeights::Collector {
 public:
  Collector(CheckpointWeights& weights, const Checkpoint& checkpoint)
      : weights_(weights), checkpoint_(checkpoint) {}

  void matrix(DecoderMatrix matrix, std::int64_t layer, const std::vector<std::string>& names,
              const std::vector<std::int64_t>& rows) {
    Parts& parts = weights_.matrices_[{matrix, layer}];
    std::int64_t first = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      parts.push_back({first, &take(names[i], {rows[i], weights_.columns(matrix)})});
      first += rows[i];
    }
    ensure(first == weights_.rows(matrix), "parts make up their matrix");
  }
  void vector(DecoderVector vector, std::int64_t layer, const std::vector<std::string>& names,
              const std::vector<std::int64_t>& sizes) {
    if (weights_.size(vector) == 0) return;
    Parts& parts = weights_.vectors_[{vector, layer}];
    std::int64_t first = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      parts.push_back({first, &take(names[i], {sizes[i]})});
      first += sizes[i];
    }
    ensure(first == weights_.size(vector), "parts make up their vector");
  }

  void model();
  void layer(std::int64_t layer);
  void refuse_what_is_left() const;

 private:
  const StoredTensor& take(const std::string& name, const std::vector<std::int64_t>& shape);
  void ffn(DecoderMatrix gate_up, DecoderMatrix down, std::int64_t layer, const std::string& prefix,
           std::int64_t width);
  void experts(std::int64_t layer, const std::string& prefix);
  void attention(std::int64_t layer, const std::string& prefix);
  void latent_attention(std::int64_t layer, const std::string& prefix);

  CheckpointWeights& weights_;
  const Checkpoint& checkpoint_;
  std::set<std::string> taken_;
};

const StoredTensor& CheckpointWeights::Collector::take(const std::string& name,
                                                       const std::vector<std::int64_t>& shape) {
  const StoredTensor* tensor = checkpoint_.find(name);
  const std::string place = checkpoint_.place(name);
  if (tensor == nullptr) {
    const auto near = nearest_names(name, checkpoint_.names(), 1);
    throw Error(checkpoint_.path(), "has no tensor \"" + name + "\"",
                "the model needs it" + (near.empty() ? "" : "; nearest is \"" + near[0] + "\""),
                "give the folder's own config.json as --model");
  }
  if (tensor->dtype != "F32" && tensor->dtype != "F16" && tensor->dtype != "BF16") {
    throw Error(place, "is of type " + tensor->dtype, "F32, F16 and BF16 are read",
                "quantised here from a BF16 checkpoint: --weights w8a8, w4a8-g128, ...");
  }
  if (tensor->shape != shape) {
    StoredTensor wanted;
    wanted.shape = shape;
    throw Error(place, "has the shape " + tensor->shape_text(),
                "the model's is " + wanted.shape_text(),
                "give the folder's own config.json as --model");
  }
  taken_.insert(name);
  return *tensor;
}

void CheckpointWeights::Collector::ffn(DecoderMatrix gate_up, DecoderMatrix down,
                                       std::int64_t layer, const std::string& prefix,
                                       std::int64_t width) {
  matrix(gate_up, layer, {prefix + "gate_proj.weight", prefix + "up_proj.weight"}, {width, width});
  matrix(down, layer, {prefix + "down_proj.weight"}, {weights_.shape().hidden});
}

void CheckpointWeights::Collector::experts(std::int64_t layer, const std::string& prefix) {
  const DecoderShape& s = weights_.shape();
  const bool mixtral = checkpoint_.find(prefix + "block_sparse_moe.gate.weight") != nullptr;
  const std::string block = prefix + (mixtral ? "block_sparse_moe." : "mlp.");
  const std::int64_t count = s.experts->router.experts, width = s.experts->ffn;
  matrix(DecoderMatrix::router, layer, {block + "gate.weight"}, {count});
  vector(DecoderVector::router_bias, layer, {block + "gate.e_score_correction_bias"}, {count});
  std::vector<std::string> gate_up, down;
  for (std::int64_t e = 0; e < count; ++e) {
    const std::string expert = block + "experts." + std::to_string(e) + ".";
    gate_up.push_back(expert + (mixtral ? "w1.weight" : "gate_proj.weight"));
    gate_up.push_back(expert + (mixtral ? "w3.weight" : "up_proj.weight"));
    down.push_back(expert + (mixtral ? "w2.weight" : "down_proj.weight"));
  }
  matrix(DecoderMatrix::expert_gate_up, layer, gate_up,
         std::vector<std::int64_t>(gate_up.size(), width));
  matrix(DecoderMatrix::expert_down, layer, down, std::vector<std::int64_t>(down.size(), s.hidden));
  if (s.experts->shared == 0) return;
  ffn(DecoderMatrix::shared_gate_up, DecoderMatrix::shared_down, layer, block + "shared_experts.",
      s.experts->shared_width());
}

void CheckpointWeights::Collector::attention(std::int64_t layer, const std::string& prefix) {
  const DecoderShape& s = weights_.shape();
  const std::vector<std::int64_t> widths = {s.q_width(), s.kv_width(), s.kv_width()};
  matrix(DecoderMatrix::qkv, layer,
         {prefix + "q_proj.weight", prefix + "k_proj.weight", prefix + "v_proj.weight"}, widths);
  vector(DecoderVector::qkv_bias, layer,
         {prefix + "q_proj.bias", prefix + "k_proj.bias", prefix + "v_proj.bias"}, widths);
  vector(DecoderVector::query_norm, layer, {prefix + "q_norm.weight"}, {s.head_dim});
  vector(DecoderVector::key_norm, layer, {prefix + "k_norm.weight"}, {s.head_dim});
}

void CheckpointWeights::Collector::latent_attention(std::int64_t layer, const std::string& prefix) {
  const DecoderShape& s = weights_.shape();
  const MlaSpec& mla = *s.mla;
  const bool compressed = mla.q_lora_rank > 0;
  matrix(DecoderMatrix::qkv, layer,
         {prefix + (compressed ? "q_a_proj.weight" : "q_proj.weight"),
          prefix + "kv_a_proj_with_mqa.weight"},
         {s.latent_query_width(), mla.kv_lora_rank + mla.qk_rope_head_dim});
  vector(DecoderVector::query_norm, layer, {prefix + "q_a_layernorm.weight"}, {mla.q_lora_rank});
  vector(DecoderVector::key_norm, layer, {prefix + "kv_a_layernorm.weight"}, {mla.kv_lora_rank});
  if (compressed) {
    matrix(DecoderMatrix::query_up, layer, {prefix + "q_b_proj.weight"}, {s.q_width()});
  }
  matrix(DecoderMatrix::latent_up, layer, {prefix + "kv_b_proj.weight"},
         {s.heads * (mla.qk_nope_head_dim + mla.v_head_dim)});
}

void CheckpointWeights::Collector::layer(std::int64_t layer) {
  const DecoderShape& s = weights_.shape();
  const std::string prefix = "model.layers." + std::to_string(layer) + ".";
  vector(DecoderVector::attention_norm, layer, {prefix + "input_layernorm.weight"}, {s.hidden});
  vector(DecoderVector::ffn_norm, layer, {prefix + "post_attention_layernorm.weight"}, {s.hidden});
  if (s.mla) {
    latent_attention(layer, prefix + "self_attn.");
  } else {
    attention(layer, prefix + "self_attn.");
  }
  matrix(DecoderMatrix::attention_out, layer, {prefix + "self_attn.o_proj.weight"}, {s.hidden});
  if (s.sparse(layer)) {
    experts(layer, prefix);
  } else {
    ffn(DecoderMatrix::gate_up, DecoderMatrix::down, layer, prefix + "mlp.", s.ffn);
  }
}

void CheckpointWeights::Collector::model() {
  const DecoderShape& s = weights_.shape();
  const char* table = "model.embed_tokens.weight";
  matrix(DecoderMatrix::embedding, 0, {table}, {s.vocab});
  matrix(DecoderMatrix::head, 0, {s.tied ? table : "lm_head.weight"}, {s.vocab});
  vector(DecoderVector::final_norm, 0, {"model.norm.weight"}, {s.hidden});
  for (std::int64_t l = 0; l < s.layers; ++l) layer(l);
}

// Old checkpoints carry the frequencies of rotations, which are computed, some with tied embeddings
// the table a second time, and DeepSeek's a layer for multi-token prediction behind the last.
void CheckpointWeights::Collector::refuse_what_is_left() const {
  const std::string next = "model.layers." + std::to_string(weights_.shape().layers) + ".";
  for (const std::string& name : checkpoint_.names()) {
    if (weights_.shape().mla && name.starts_with(next)) continue;
    if (taken_.count(name) > 0 || name.ends_with(".rotary_emb.inv_freq")) continue;
    if (weights_.shape().tied && name == "lm_head.weight") continue;
    throw Error(checkpoint_.place(name), "is not a tensor of the model",
                "a checkpoint holds what the model has: " +
                    std::to_string(weights_.shape().layers) + " layers of the family's names",
                "give the folder's own config.json as --model");
  }
}

CheckpointWeights::CheckpointWeights(const DecoderShape& shape, const std::string& family,
                                     const Checkpoint& checkpoint)
    : WeightSource(shape) {
  check_family(family, checkpoint);
  if (!shape.gated) {
    throw Error(checkpoint.path(), "is for a model whose FFNs have two matrices",
                "checkpoints with gate, up and down are read",
                "leave --weights-file out: random weights take the same time");
  }
  Collector collector(*this, checkpoint);
  collector.model();
  collector.refuse_what_is_left();
}

void CheckpointWeights::row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
                            std::span<float> to) const {
  const Parts& parts = matrices_.at({matrix, layer});
  row = stored_row(shape(), matrix, row);
  const auto after =
      std::upper_bound(parts.begin(), parts.end(), row,
                       [](std::int64_t r, const Part& part) { return r < part.first_row; });
  const Part& part = *std::prev(after);
  widen(*part.tensor, (row - part.first_row) * columns(matrix), to);
}

std::vector<float> CheckpointWeights::vector(DecoderVector vector, std::int64_t layer) const {
  std::vector<float> values(static_cast<std::size_t>(size(vector)));
  if (values.empty()) return values;
  for (const Part& part : vectors_.at({vector, layer})) {
    widen(*part.tensor, 0,
          std::span(values).subspan(static_cast<std::size_t>(part.first_row),
                                    static_cast<std::size_t>(part.tensor->elements())));
  }
  return values;
}

}  // namespace inferbench

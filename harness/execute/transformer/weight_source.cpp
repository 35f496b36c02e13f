#include "harness/execute/transformer/weight_source.hpp"

namespace inferbench {

std::int64_t WeightSource::rows(DecoderMatrix matrix) const {
  const DecoderExperts experts = shape_.experts.value_or(DecoderExperts{});
  switch (matrix) {
    case DecoderMatrix::embedding:
    case DecoderMatrix::head:
      return shape_.vocab;
    case DecoderMatrix::qkv:
      return shape_.qkv_width();
    case DecoderMatrix::gate_up:
      return shape_.first_matrices() * shape_.ffn;
    case DecoderMatrix::router:
      return experts.router.experts;
    case DecoderMatrix::expert_gate_up:
      return experts.count * shape_.first_matrices() * experts.ffn;
    case DecoderMatrix::expert_down:
      return experts.count * shape_.hidden;
    case DecoderMatrix::shared_gate_up:
      return shape_.first_matrices() * experts.shared_width();
    case DecoderMatrix::query_up:
      return shape_.mla && shape_.mla->q_lora_rank > 0 ? shape_.q_width() : 0;
    case DecoderMatrix::latent_up:
      return shape_.mla ? shape_.heads * (shape_.mla->qk_nope_head_dim + shape_.mla->v_head_dim)
                        : 0;
    case DecoderMatrix::attention_out:
    case DecoderMatrix::down:
    case DecoderMatrix::shared_down:
      return shape_.hidden;
  }
  return 0;
}

std::int64_t WeightSource::columns(DecoderMatrix matrix) const {
  const DecoderExperts experts = shape_.experts.value_or(DecoderExperts{});
  switch (matrix) {
    case DecoderMatrix::attention_out:
      return shape_.out_width();
    case DecoderMatrix::query_up:
      return shape_.mla ? shape_.mla->q_lora_rank : 0;
    case DecoderMatrix::latent_up:
      return shape_.mla ? shape_.mla->kv_lora_rank : 0;
    case DecoderMatrix::down:
      return shape_.ffn;
    case DecoderMatrix::expert_down:
      return experts.ffn;
    case DecoderMatrix::shared_down:
      return experts.shared_width();
    case DecoderMatrix::embedding:
    case DecoderMatrix::head:
    case DecoderMatrix::qkv:
    case DecoderMatrix::gate_up:
    case DecoderMatrix::router:
    case DecoderMatrix::expert_gate_up:
    case DecoderMatrix::shared_gate_up:
      return shape_.hidden;
  }
  return 0;
}

std::int64_t WeightSource::size(DecoderVector vector) const {
  const bool sigmoid = shape_.experts && shape_.experts->router.scores == RouterScores::sigmoid;
  switch (vector) {
    case DecoderVector::attention_norm:
    case DecoderVector::ffn_norm:
    case DecoderVector::final_norm:
      return shape_.hidden;
    case DecoderVector::qkv_bias:
      return shape_.qkv_bias ? shape_.qkv_width() : 0;
    case DecoderVector::query_norm:
      if (shape_.mla) return shape_.mla->q_lora_rank;
      return shape_.qk_norm ? shape_.head_dim : 0;
    case DecoderVector::key_norm:
      if (shape_.mla) return shape_.mla->kv_lora_rank;
      return shape_.qk_norm ? shape_.head_dim : 0;
    case DecoderVector::router_bias:
      return sigmoid ? shape_.experts->router.experts : 0;
  }
  return 0;
}

WeightRows WeightSource::of(DecoderMatrix matrix, std::int64_t layer) const {
  return [this, matrix, layer](std::int64_t row, std::span<float> to) {
    this->row(matrix, layer, row, to);
  };
}

std::int64_t WeightSource::rows_of_expert(DecoderMatrix matrix) const {
  return rows(matrix) / shape_.experts->count;
}

WeightRows WeightSource::of_expert(DecoderMatrix matrix, std::int64_t layer,
                                   std::int64_t expert) const {
  const std::int64_t first = expert * rows_of_expert(matrix);
  return [this, matrix, layer, first](std::int64_t row, std::span<float> to) {
    this->row(matrix, layer, first + row, to);
  };
}

}  // namespace inferbench

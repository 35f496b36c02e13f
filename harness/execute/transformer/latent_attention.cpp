#include "harness/execute/transformer/latent_attention.hpp"

#include <algorithm>

#include "harness/execute/transformer/to_size.hpp"

namespace inferbench {

LatentAttention::LatentAttention(const DecoderShape& shape, ThreadTeam& team, Isa isa)
    : shape_(shape), team_(team), rmsnorm_(row_kernel(RowOp::rmsnorm, false, isa)) {}

void LatentAttention::norm_query(const DecoderWeights::Layer& weights, const float* fused,
                                 float* query) const {
  RowCall call;
  call.n = shape_.mla->q_lora_rank;
  call.epsilon = static_cast<float>(shape_.norm_epsilon);
  call.x = fused;
  call.weight = weights.query_norm.data();
  call.out = query;
  rmsnorm_(call);
}

void LatentAttention::make_key(const DecoderWeights::Layer& weights, const float* fused,
                               const float* rotation, float* key) const {
  const MlaSpec& mla = *shape_.mla;
  const float* latent = fused + shape_.latent_query_width();
  RowCall call;
  call.n = mla.kv_lora_rank;
  call.epsilon = static_cast<float>(shape_.norm_epsilon);
  call.x = latent;
  call.weight = weights.key_norm.data();
  call.out = key;
  rmsnorm_(call);
  const std::int64_t rope = mla.qk_rope_head_dim, used = mla.kv_lora_rank + rope;
  rotate_head(latent + mla.kv_lora_rank, rotation, rope, key + mla.kv_lora_rank);
  std::fill(key + used, key + shape_.key_dim(), 0.0F);
}

void LatentAttention::split_query(const float* query, const float* rotation, std::int64_t token,
                                  std::int64_t tokens, float* q) {
  const MlaSpec& mla = *shape_.mla;
  const std::int64_t nope = mla.qk_nope_head_dim, rope = mla.qk_rope_head_dim;
  for (std::int64_t h = 0; h < shape_.heads; ++h, query += nope + rope, q += shape_.key_dim()) {
    std::copy_n(query, nope, in_.begin() + (h * tokens + token) * nope);
    rotate_head(query + nope, rotation, rope, q + mla.kv_lora_rank);
    std::fill(q + mla.kv_lora_rank + rope, q + shape_.key_dim(), 0.0F);
  }
}

void LatentAttention::join_query(std::int64_t token, std::int64_t tokens, float* q) const {
  const std::int64_t rank = shape_.mla->kv_lora_rank;
  for (std::int64_t h = 0; h < shape_.heads; ++h, q += shape_.key_dim()) {
    std::copy_n(out_.begin() + (h * tokens + token) * rank, rank, q);
  }
}

void LatentAttention::split_sums(const float* sums, std::int64_t token, std::int64_t tokens) {
  const std::int64_t rank = shape_.mla->kv_lora_rank;
  for (std::int64_t h = 0; h < shape_.heads; ++h) {
    std::copy_n(sums + h * rank, rank, in_.begin() + (h * tokens + token) * rank);
  }
}

void LatentAttention::join_values(std::int64_t token, std::int64_t tokens, float* out) const {
  const std::int64_t value = shape_.mla->v_head_dim;
  for (std::int64_t h = 0; h < shape_.heads; ++h) {
    std::copy_n(out_.begin() + (h * tokens + token) * value, value, out + h * value);
  }
}

void LatentAttention::reserve(std::int64_t tokens) {
  const MlaSpec& mla = *shape_.mla;
  const std::int64_t rows = tokens * shape_.heads;
  in_.resize(to_size(rows * std::max(mla.qk_nope_head_dim, mla.kv_lora_rank)));
  out_.resize(to_size(rows * std::max(mla.kv_lora_rank, mla.v_head_dim)));
}

void LatentAttention::by_head(const std::vector<std::unique_ptr<PackedLinear>>& heads,
                              std::int64_t tokens, LinearWorkspace& workspace) {
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const std::size_t in = to_size(tokens * heads[h]->k()), out = to_size(tokens * heads[h]->n());
    heads[h]->run(std::span<const float>(in_).subspan(h * in, in),
                  std::span(out_).subspan(h * out, out), team_, workspace);
  }
}

void LatentAttention::absorb(const DecoderWeights::Layer& weights, std::int64_t tokens,
                             LinearWorkspace& workspace) {
  by_head(weights.absorb, tokens, workspace);
}

void LatentAttention::expand(const DecoderWeights::Layer& weights, std::int64_t tokens,
                             LinearWorkspace& workspace) {
  by_head(weights.expand, tokens, workspace);
}

}  // namespace inferbench

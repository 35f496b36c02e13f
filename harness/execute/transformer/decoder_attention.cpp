// The attention of a decoder's layers.
#include <algorithm>

#include "harness/execute/transformer/decoder_parts.hpp"
#include "harness/execute/transformer/latent_attention.hpp"
#include "harness/execute/transformer/to_size.hpp"

namespace inferbench {

void Decoder::fill_rotations(const TokenBatch& batch) {
  Buffers& b = *buffers_;
  const AttentionBatch& sequences = batch.sequences;
  const std::int64_t width = shape().rotary.dim;
  b.rotations.resize(to_size(sequences.tokens() * width));
  for (std::int64_t s = 0; s < sequences.sequences(); ++s) {
    for (std::int64_t i = sequences.start(s); i < sequences.start(s + 1); ++i) {
      const std::int64_t position = context_ ? context_->positions()[to_size(i)]
                                             : sequences.cached(s) + i - sequences.start(s);
      const std::span<const float> row = b.table.at(position);
      std::copy(row.begin(), row.end(), b.rotations.begin() + i * width);
    }
  }
}

// How many tokens share a pass over a page decides in which order a row's weights are summed.
void Decoder::split_into_tokens(const AttentionBatch& batch) {
  Buffers& b = *buffers_;
  b.attended = batch;
  if (context_) return;  // which does so itself
  if (kernels_ == KernelSet::fast || batch.tokens() == batch.sequences()) return;
  b.token_starts.clear();
  b.token_context.clear();
  b.token_blocks.clear();
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    for (std::int64_t i = 0; i < batch.new_tokens(s); ++i) {
      b.token_starts.push_back(batch.start(s) + i);
      b.token_context.push_back(batch.cached(s) + i);
      b.token_blocks.insert(b.token_blocks.end(), batch.blocks(s),
                            batch.blocks(s) + batch.max_blocks);
    }
  }
  b.token_starts.push_back(batch.tokens());
  b.attended = {.starts = b.token_starts,
                .context = b.token_context,
                .block_table = b.token_blocks,
                .max_blocks = batch.max_blocks};
}

// Queries and keys of one token, with their biases and norms, rotated by its position, and its
// values: each to its own matrix.
void Decoder::rotate(const DecoderWeights::Layer& weights, std::int64_t token) {
  const DecoderShape& s = shape();
  Buffers& b = *buffers_;
  float* from = b.qkv.data() + token * s.qkv_width();
  for (std::size_t i = 0; i < weights.qkv_bias.size(); ++i) from[i] += weights.qkv_bias[i];
  const float* angles = b.rotations.data() + token * s.rotary.dim;
  const auto heads = [&](std::int64_t count, const std::vector<float>& norm, float* to) {
    for (std::int64_t h = 0; h < count; ++h, from += s.head_dim, to += s.head_dim) {
      if (norm.empty()) {
        rotate_head(from, angles, s.head_dim, to);
        continue;
      }
      RowCall call;
      call.n = s.head_dim;
      call.epsilon = static_cast<float>(s.norm_epsilon);
      call.x = from;
      call.weight = norm.data();
      call.out = to;
      b.rmsnorm(call);
      rotate_head(to, angles, s.head_dim, to);
    }
  };
  heads(s.heads, weights.query_norm, b.q.data() + token * s.q_width());
  heads(s.kv_heads, weights.key_norm, b.k.data() + token * s.kv_width());
  std::copy_n(from, s.kv_width(), b.v.data() + token * s.kv_width());
}

void Decoder::write_kv(const TokenBatch& batch, const KvCache& cache) {
  const AttentionBatch& all = batch.sequences;
  const std::int64_t width = shape().kv_width();
  Buffers& b = *buffers_;
  std::int64_t first = 0;
  for (std::size_t group = 0; group <= batch.rewriting.size(); ++group) {
    const std::int64_t end =
        group < batch.rewriting.size() ? batch.rewriting[group] : all.sequences();
    const std::int64_t begin_token = all.start(first);
    b.starts.assign(all.starts.begin() + first, all.starts.begin() + end + 1);
    for (std::int64_t& start : b.starts) start -= begin_token;
    const AttentionBatch part{
        .starts = b.starts,
        .context = all.context.subspan(to_size(first), to_size(end - first)),
        .block_table = all.block_table.subspan(to_size(first * all.max_blocks),
                                               to_size((end - first) * all.max_blocks)),
        .max_blocks = all.max_blocks};
    const std::size_t at = to_size(begin_token * width), elements = to_size(part.tokens() * width);
    const auto values = b.v.empty() ? std::span<float>() : std::span(b.v).subspan(at, elements);
    append_kv(part, std::span(b.k).subspan(at, elements), values, cache, team_);
    first = end;
  }
}

void Decoder::queries_keys_values(std::int64_t tokens, std::int64_t layer) {
  const DecoderWeights::Layer& weights = weights_.layer(layer);
  linear("qkv_gemm", *weights.qkv, tokens, buffers_->normed, buffers_->qkv);
  const Op op(*this, "rotate", &KernelTimes::other);
  rows(tokens, shape().qkv_width(), [&](std::int64_t r) { rotate(weights, r); });
}

// Queries and keys as the cache of latents takes them; see LatentAttention.
void Decoder::latent_queries_keys(std::int64_t tokens, std::int64_t layer) {
  const DecoderWeights::Layer& weights = weights_.layer(layer);
  const DecoderShape& s = shape();
  Buffers& b = *buffers_;
  const std::int64_t fused = s.qkv_width(), key = s.key_dim();
  const auto rotation = [&](std::int64_t r) { return b.rotations.data() + r * s.rotary.dim; };
  linear("latent_gemm", *weights.qkv, tokens, b.normed, b.qkv);
  {
    const Op op(*this, "norm_latents", &KernelTimes::other);
    rows(tokens, fused, [&](std::int64_t r) {
      const float* from = b.qkv.data() + r * fused;
      latent_->make_key(weights, from, rotation(r), b.k.data() + r * key);
      if (!weights.query_up) return;
      latent_->norm_query(weights, from, b.query_latent.data() + r * s.mla->q_lora_rank);
    });
  }
  if (weights.query_up) {
    linear("query_up_gemm", *weights.query_up, tokens, b.query_latent, b.queries);
  }
  {
    const Op op(*this, "rotate", &KernelTimes::other);
    rows(tokens, s.q_width(), [&](std::int64_t r) {
      const float* query =
          weights.query_up ? b.queries.data() + r * s.q_width() : b.qkv.data() + r * fused;
      latent_->split_query(query, rotation(r), r, tokens, b.q.data() + r * s.heads * key);
    });
  }
  {
    const Op op(*this, "absorb_gemm", &KernelTimes::gemm);
    latent_->absorb(weights, tokens, b.linear);
  }
  const Op op(*this, "join_queries", &KernelTimes::other);
  rows(tokens, s.heads * key,
       [&](std::int64_t r) { latent_->join_query(r, tokens, b.q.data() + r * s.heads * key); });
}

// What heads give to the attention's output, from their sums of latents.
void Decoder::latent_values(std::int64_t tokens, std::int64_t layer) {
  const DecoderShape& s = shape();
  Buffers& b = *buffers_;
  const std::int64_t width = s.heads * s.value_dim();
  {
    const Op op(*this, "split_sums", &KernelTimes::other);
    rows(tokens, width,
         [&](std::int64_t r) { latent_->split_sums(b.latent_sums.data() + r * width, r, tokens); });
  }
  {
    const Op op(*this, "expand_gemm", &KernelTimes::gemm);
    latent_->expand(weights_.layer(layer), tokens, b.linear);
  }
  const Op op(*this, "join_values", &KernelTimes::other);
  rows(tokens, s.out_width(), [&](std::int64_t r) {
    latent_->join_values(r, tokens, b.heads.data() + r * s.out_width());
  });
}

// Of this rank's tokens, over keys and values wherever they are.
void Decoder::attend(std::int64_t layer) {
  Buffers& b = *buffers_;
  const std::int64_t window = shape().window_of(layer);
  PagedAttention& kernel = *(window > 0 ? windowed_ : attention_);
  std::vector<float>& out = latent_ ? b.latent_sums : b.heads;
  if (!context_) {
    const Op op(*this, "attention", &KernelTimes::attention);
    return kernel.run(b.attended, b.q, kv_.layer(layer), out);
  }
  const ContextAttention::Layer mine{.kernel = kernel, .cache = kv_.layer(layer), .window = window};
  if (context_->asks()) {
    {
      const Op op(*this, "query_all_gather", &KernelTimes::collectives);
      context_->gather_queries(b.q);
    }
    {
      const Op op(*this, "attention", &KernelTimes::attention);
      context_->attend_asked(mine);
    }
    const Op op(*this, "output_all_to_all", &KernelTimes::collectives);
    context_->return_outputs(out);
  }
  if (!context_->passes()) return;
  context_->take_queries(b.q);
  for (int round = 0; round < context_->rounds(); ++round) {
    if (round > 0) {
      const Op op(*this, "ring_pass_kv", &KernelTimes::collectives);
      context_->pass(round, mine);
    }
    const Op op(*this, "attention", &KernelTimes::attention);
    context_->attend_passed(round, mine);
  }
  context_->put_outputs(out);
}

void Decoder::attention(const TokenBatch& batch, std::int64_t layer) {
  Buffers& b = *buffers_;
  const std::int64_t tokens = batch.sequences.tokens();
  if (tokens == 0) return attend(layer);  // others' tokens, to the keys here
  if (latent_) {
    latent_queries_keys(tokens, layer);
  } else {
    queries_keys_values(tokens, layer);
  }
  {
    const Op op(*this, "write_kv", &KernelTimes::attention);
    write_kv(batch, kv_.layer(layer));
  }
  attend(layer);
  if (latent_) latent_values(tokens, layer);
  linear("out_gemm", *weights_.layer(layer).attention_out, tokens, b.heads, b.projected);
}

}  // namespace inferbench

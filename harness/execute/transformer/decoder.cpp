#include "harness/execute/transformer/decoder.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/latent_attention.hpp"
#include "harness/execute/transformer/rotation.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "harness/timing/nvtx.hpp"
#include "kernels/collectives/collectives.hpp"
#include "kernels/elementwise/kernels.hpp"
#include "kernels/moe/kernels.hpp"

namespace inferbench {
namespace {

using Steady = std::chrono::steady_clock;

AttentionShape attention_shape(const DecoderShape& shape, std::int64_t window) {
  return {.q_heads = shape.heads,
          .kv_heads = shape.cached_heads(),
          .key_dim = shape.key_dim(),
          .value_dim = shape.value_dim(),
          .window = window,
          .scale = shape.score_scale()};
}

// Every rank adds up its share of all vectors in the order of ranks, and all get the same bits.
const CollectiveImplementation& two_shot() {
  static const CollectiveImplementation& implementation =
      collective_implementation(Collective::all_reduce, "two_shot", "decoder");
  return implementation;
}

}  // namespace

std::vector<std::string> kernel_set_names() {
  return {"invariant", "fast"};
}

KernelSet kernel_set(const std::string& name) {
  if (name == "invariant") return KernelSet::invariant;
  if (name == "fast") return KernelSet::fast;
  throw unknown_name("--kernels", "kernel set", name, kernel_set_names());
}

// Activations of a step, reused; they only grow.
struct Decoder::Buffers {
  std::vector<float> residual, normed, qkv, q, k, v, heads, projected, gate_up, gated;
  std::vector<float> query_latent, queries, latent_sums;  // latent attention
  std::vector<float> rotations;                           // [tokens, rotary dim]: cosines, sines
  std::vector<std::int64_t> starts;                       // of a part of the batch
  std::vector<std::int64_t> token_starts, token_context;  // each token as a sequence
  std::vector<std::int32_t> token_blocks;
  AttentionBatch attended;  // the batch as attention is asked to compute it
  LinearWorkspace linear;
  std::vector<float> router_logits, expert_weights, shared;
  std::vector<std::int32_t> chosen;
  ExpertRows expert_rows;
  MoeWorkspace moe;
  RowKernel rmsnorm = nullptr, add_rmsnorm = nullptr, silu_mul = nullptr;
  RotationTable table;
  Steady::time_point mark;
};

Decoder::Decoder(const DecoderWeights& weights, KvType kv, std::int64_t kv_blocks, ThreadTeam& team,
                 KernelSet kernels, Isa isa, const DecoderLinks& links)
    : weights_(weights),
      team_(team),
      kv_(weights.shape(), kv, kv_blocks),
      kernels_(kernels),
      isa_(isa),
      links_(links),
      buffers_(std::make_unique<Buffers>()) {
  buffers_->rmsnorm = row_kernel(RowOp::rmsnorm, false, isa);
  buffers_->add_rmsnorm = row_kernel(RowOp::add_rmsnorm, false, isa);
  buffers_->silu_mul = row_kernel(RowOp::silu_mul, false, isa);
  ensure(shape().mla || shape().rotary.dim == shape().head_dim, "heads are rotated whole");
  buffers_->table = RotationTable(shape().rotary);
  if (shape().mla) latent_ = std::make_unique<LatentAttention>(shape(), team, isa);
  for (std::int64_t l = 0; l < shape().layers; ++l) {
    const std::int64_t window = shape().window_of(l);
    std::unique_ptr<PagedAttention>& kind = window > 0 ? windowed_ : attention_;
    if (kind) continue;
    kind = std::make_unique<PagedAttention>(attention_shape(shape(), window), team, isa);
  }
}

Decoder::~Decoder() = default;

// One kernel, while this lives. The time since the kernel before it, or the step's begin, goes to
// `kind`, so that kernels add up to the step.
class Decoder::Op {
 public:
  Op(Decoder& decoder, const char* name, Duration KernelTimes::*kind)
      : decoder_(decoder), name_(name), kind_(kind), range_(name) {}
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  ~Op() {
    Steady::time_point& mark = decoder_.buffers_->mark;
    const Steady::time_point now = Steady::now();
    decoder_.times_.*kind_ += std::chrono::duration_cast<Duration>(now - mark);
    if (decoder_.spans_ != nullptr) {
      decoder_.spans_->push_back({.name = name_,
                                  .layer = decoder_.layer_,
                                  .rank = decoder_.rank(),
                                  .begin = since_epoch(mark),
                                  .end = since_epoch(now)});
    }
    mark = now;
  }

 private:
  static Duration since_epoch(Steady::time_point time) {
    return std::chrono::duration_cast<Duration>(time.time_since_epoch());
  }

  Decoder& decoder_;
  const char* name_;
  Duration KernelTimes::*kind_;
  NvtxRange range_;
};

// In the world, for traces.
std::int32_t Decoder::rank() const {
  if (links_.world != nullptr) return links_.world->rank();
  return links_.tensor == nullptr ? 0 : links_.tensor->rank();
}

void Decoder::reserve(std::int64_t tokens) {
  const DecoderShape& s = shape();
  Buffers& b = *buffers_;
  b.residual.resize(to_size(tokens * s.hidden));
  b.normed.resize(to_size(tokens * s.hidden));
  b.projected.resize(to_size(tokens * s.hidden));
  b.qkv.resize(to_size(tokens * s.qkv_width()));
  b.q.resize(to_size(tokens * s.heads * s.key_dim()));
  b.k.resize(to_size(tokens * s.kv_width()));
  b.v.resize(to_size(s.caches_values() ? tokens * s.kv_width() : 0));
  b.heads.resize(to_size(tokens * s.out_width()));
  if (s.mla) {
    latent_->reserve(tokens);
    b.query_latent.resize(to_size(tokens * s.mla->q_lora_rank));
    b.queries.resize(to_size(s.mla->q_lora_rank > 0 ? tokens * s.q_width() : 0));
    b.latent_sums.resize(to_size(tokens * s.heads * s.value_dim()));
  }
  b.gate_up.resize(to_size(tokens * s.first_matrices() * s.widest_ffn()));
  b.gated.resize(to_size(tokens * s.widest_ffn()));
  if (!s.experts) return;
  b.router_logits.resize(to_size(tokens * s.experts->router.experts));
  b.expert_weights.resize(to_size(tokens * s.experts->router.top_k));
  b.chosen.resize(to_size(tokens * s.experts->router.top_k));
  b.shared.resize(to_size(s.experts->shared == 0 ? 0 : tokens * s.hidden));
}

// Waking threads takes longer than a few small rows do.
void Decoder::rows(std::int64_t rows, std::int64_t columns,
                   const std::function<void(std::int64_t row)>& body) {
  constexpr std::int64_t kWorthwhile = 32768;
  if (rows * columns < kWorthwhile || rows == 1) {
    for (std::int64_t r = 0; r < rows; ++r) body(r);
    return;
  }
  team_.run([&](unsigned rank) {
    const Range mine = share(rows, rank, team_.size());
    for (std::int64_t r = mine.begin; r < mine.end; ++r) body(r);
  });
}

void Decoder::linear(const char* name, const PackedLinear& layer, std::int64_t tokens,
                     const std::vector<float>& in, std::vector<float>& out) {
  const Op op(*this, name, &KernelTimes::gemm);
  layer.run(std::span<const float>(in).first(to_size(tokens * layer.k())),
            std::span(out).first(to_size(tokens * layer.n())), team_, buffers_->linear);
}

// Adds up what the ranks computed of `projected`.
void Decoder::all_reduce(const char* name, std::int64_t tokens) {
  if (links_.tensor == nullptr || links_.tensor->size() == 1) return;
  const Op op(*this, name, &KernelTimes::collectives);
  const auto vectors = std::as_writable_bytes(
      std::span(buffers_->projected).first(to_size(tokens * shape().hidden)));
  CollectiveCall call;
  call.in = vectors;
  call.out = vectors;
  two_shot().run(*links_.tensor, call);
  ++all_reduces_;
}

// The residual stream from the tokens, or from the stage before; and the norm of the first layer.
void Decoder::enter(const TokenBatch& batch) {
  const DecoderShape& s = shape();
  Buffers& b = *buffers_;
  const std::int64_t tokens = batch.sequences.tokens();
  if (links_.before >= 0) {
    const Op op(*this, "receive_hidden", &KernelTimes::collectives);
    links_.world->receive(
        links_.before,
        std::as_writable_bytes(std::span(b.residual).first(to_size(tokens * s.hidden))));
  }
  const Op op(*this, "embed", &KernelTimes::other);
  rows(tokens, s.hidden, [&](std::int64_t r) {
    if (links_.before < 0) {
      weights_.embed(batch.tokens[to_size(r)], b.residual.data() + r * s.hidden);
    }
    RowCall call;
    call.n = s.hidden;
    call.epsilon = static_cast<float>(s.norm_epsilon);
    call.x = b.residual.data() + r * s.hidden;
    call.weight = weights_.layer(0).attention_norm.data();
    call.out = b.normed.data() + r * s.hidden;
    b.rmsnorm(call);
  });
}

// What add_and_norm would add, for the stage after.
void Decoder::leave(std::int64_t tokens) {
  Buffers& b = *buffers_;
  const std::int64_t hidden = shape().hidden;
  {
    const Op op(*this, "add", &KernelTimes::other);
    rows(tokens, hidden, [&](std::int64_t r) {
      float* to = b.residual.data() + r * hidden;
      const float* from = b.projected.data() + r * hidden;
      for (std::int64_t i = 0; i < hidden; ++i) to[i] += from[i];
    });
  }
  const Op op(*this, "send_hidden", &KernelTimes::collectives);
  links_.world->send(links_.after,
                     std::as_bytes(std::span(b.residual).first(to_size(tokens * hidden))));
}

// Of the rows at the front of `normed`.
void Decoder::compute_logits(std::int64_t rows, std::span<float> logits) {
  const Op op(*this, "lm_head_gemm", &KernelTimes::gemm);
  weights_.head()->run(
      std::span<const float>(buffers_->normed).first(to_size(rows * shape().hidden)), logits, team_,
      buffers_->linear);
}

void Decoder::fill_rotations(const TokenBatch& batch) {
  Buffers& b = *buffers_;
  const AttentionBatch& sequences = batch.sequences;
  const std::int64_t width = shape().rotary.dim;
  b.rotations.resize(to_size(sequences.tokens() * width));
  for (std::int64_t s = 0; s < sequences.sequences(); ++s) {
    for (std::int64_t i = sequences.start(s); i < sequences.start(s + 1); ++i) {
      const std::span<const float> row = b.table.at(sequences.cached(s) + i - sequences.start(s));
      std::copy(row.begin(), row.end(), b.rotations.begin() + i * width);
    }
  }
}

// How many tokens share a pass over a page decides in which order a row's weights are summed.
void Decoder::split_into_tokens(const AttentionBatch& batch) {
  Buffers& b = *buffers_;
  b.attended = batch;
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

void Decoder::attention(const TokenBatch& batch, std::int64_t layer) {
  Buffers& b = *buffers_;
  const std::int64_t tokens = batch.sequences.tokens();
  if (latent_) {
    latent_queries_keys(tokens, layer);
  } else {
    queries_keys_values(tokens, layer);
  }
  {
    const Op op(*this, "write_kv", &KernelTimes::attention);
    write_kv(batch, kv_.layer(layer));
  }
  {
    const Op op(*this, "attention", &KernelTimes::attention);
    const auto& kernel = shape().window_of(layer) > 0 ? windowed_ : attention_;
    kernel->run(b.attended, b.q, kv_.layer(layer), latent_ ? b.latent_sums : b.heads);
  }
  if (latent_) latent_values(tokens, layer);
  linear("out_gemm", *weights_.layer(layer).attention_out, tokens, b.heads, b.projected);
}

void Decoder::dense_ffn(std::int64_t tokens, std::int64_t layer, std::vector<float>& out) {
  const DecoderWeights::Layer& weights = weights_.layer(layer);
  Buffers& b = *buffers_;
  const std::int64_t ffn = shape().dense_ffn(layer);
  const bool shared = shape().sparse(layer);
  linear(shared ? "shared_up_gemm" : "ffn_up_gemm", *weights.gate_up, tokens, b.normed, b.gate_up);
  {
    const char* name = shape().gated ? "silu_mul" : "gelu";
    if (shared) name = shape().gated ? "shared_silu_mul" : "shared_gelu";
    const Op op(*this, name, &KernelTimes::other);
    rows(tokens, shape().first_matrices() * ffn, [&](std::int64_t r) { activate(r, ffn); });
  }
  linear(shared ? "shared_down_gemm" : "ffn_down_gemm", *weights.down, tokens, b.gated, out);
}

// A row of an FFN between its matrices.
void Decoder::activate(std::int64_t row, std::int64_t ffn) {
  Buffers& b = *buffers_;
  float* out = b.gated.data() + row * ffn;
  if (!shape().gated) return moe_kernels(isa_).gelu(b.gate_up.data() + row * ffn, ffn, out);
  RowCall call;
  call.n = ffn;
  call.x = b.gate_up.data() + row * 2 * ffn;
  call.y = b.gate_up.data() + row * 2 * ffn + ffn;
  call.out = out;
  b.silu_mul(call);
}

// A token's experts are chosen by its own logits, and its rows of an expert are computed by
// themselves and added in the order of experts: the same bits in any batch.
void Decoder::routed_experts(std::int64_t tokens, std::int64_t layer) {
  const DecoderWeights::Layer& weights = weights_.layer(layer);
  const ExpertRouter& router = shape().experts->router;
  Buffers& b = *buffers_;
  linear("router_gemm", *weights.router, tokens, b.normed, b.router_logits);
  const auto choices = to_size(tokens * router.top_k), width = to_size(tokens * shape().hidden);
  const std::span chosen = std::span(b.chosen).first(choices);
  const std::span expert_weights = std::span(b.expert_weights).first(choices);
  {
    const Op op(*this, "top_k", &KernelTimes::moe);
    moe_route(router, std::span(b.router_logits).first(to_size(tokens * router.experts)),
              weights.router_bias, chosen, expert_weights, team_, isa_);
    order_by_expert(chosen, router.top_k, 0, router.experts, b.expert_rows);
  }
  const Op op(*this, "moe_experts", &KernelTimes::moe);
  weights.experts->run(std::span(b.normed).first(width), expert_weights, b.expert_rows,
                       std::span(b.projected).first(width), team_, b.moe);
}

void Decoder::feed_forward(std::int64_t tokens, std::int64_t layer) {
  Buffers& b = *buffers_;
  if (!shape().sparse(layer)) return dense_ffn(tokens, layer, b.projected);
  routed_experts(tokens, layer);
  if (shape().experts->shared == 0) return;
  dense_ffn(tokens, layer, b.shared);
  const Op op(*this, "add_shared", &KernelTimes::other);
  const std::int64_t hidden = shape().hidden;
  rows(tokens, hidden, [&](std::int64_t r) {
    float* to = b.projected.data() + r * hidden;
    const float* from = b.shared.data() + r * hidden;
    for (std::int64_t i = 0; i < hidden; ++i) to[i] += from[i];
  });
}

void Decoder::forward(const TokenBatch& batch, std::span<float> logits) {
  const DecoderShape& s = shape();
  const std::int64_t tokens = batch.sequences.tokens();
  ensure(tokens >= 1 && batch.tokens.size() == to_size(tokens), "a step has the tokens it says");
  const std::int64_t width = weights_.head() == nullptr ? 0 : weights_.head()->n();
  ensure(logits.size() == batch.logit_rows.size() * to_size(width),
         "logits for each row asked for");
  Buffers& b = *buffers_;
  b.mark = Steady::now();
  reserve(tokens);
  fill_rotations(batch);
  split_into_tokens(batch.sequences);
  layer_ = -1;
  enter(batch);
  const auto add_and_norm = [&](const std::vector<float>& norm, std::int64_t row, float* out) {
    RowCall call;
    call.n = s.hidden;
    call.epsilon = static_cast<float>(s.norm_epsilon);
    call.x = b.residual.data() + row * s.hidden;
    call.y = b.projected.data() + row * s.hidden;
    call.weight = norm.data();
    call.residual = b.residual.data() + row * s.hidden;
    call.out = out;
    b.add_rmsnorm(call);
  };
  const auto add_and_norm_all = [&](const std::vector<float>& norm) {
    const Op op(*this, "add_rmsnorm", &KernelTimes::other);
    rows(tokens, s.hidden,
         [&](std::int64_t r) { add_and_norm(norm, r, b.normed.data() + r * s.hidden); });
  };
  for (std::int64_t l = 0; l < s.layers; ++l) {
    layer_ = static_cast<std::int32_t>(s.first_layer + l);
    attention(batch, l);
    all_reduce("out_all_reduce", tokens);
    add_and_norm_all(weights_.layer(l).ffn_norm);
    feed_forward(tokens, l);
    all_reduce("ffn_all_reduce", tokens);
    if (l + 1 < s.layers) add_and_norm_all(weights_.layer(l + 1).attention_norm);
  }
  layer_ = -1;
  if (links_.after >= 0) return leave(tokens);
  if (!batch.logit_rows.empty()) {
    const auto wanted = static_cast<std::int64_t>(batch.logit_rows.size());
    {
      const Op op(*this, "final_rmsnorm", &KernelTimes::other);
      rows(wanted, s.hidden, [&](std::int64_t i) {
        add_and_norm(weights_.final_norm(), batch.logit_rows[to_size(i)],
                     b.normed.data() + i * s.hidden);
      });
    }
    compute_logits(wanted, logits);
  }
}

}  // namespace inferbench

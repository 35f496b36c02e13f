#include "harness/execute/transformer/decoder.hpp"

#include "harness/base/error.hpp"
#include "harness/execute/transformer/decoder_parts.hpp"
#include "harness/execute/transformer/latent_attention.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "kernels/collectives/collectives.hpp"

namespace inferbench {
namespace {

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
  if (links_.context != nullptr) {
    context_ = std::make_unique<ContextAttention>(*links_.context, shape(),
                                                  kernels == KernelSet::invariant, team);
  }
  if (links_.experts != nullptr && shape().experts) {
    const ExpertRouter& router = shape().experts->router;
    exchange_ = std::make_unique<ExpertExchange>(*links_.experts, router.experts, shape().hidden,
                                                 router.top_k);
  }
  for (std::int64_t l = 0; l < shape().layers; ++l) {
    const std::int64_t window = shape().window_of(l);
    std::unique_ptr<PagedAttention>& kind = window > 0 ? windowed_ : attention_;
    if (kind) continue;
    kind = std::make_unique<PagedAttention>(attention_shape(shape(), window), team, isa);
  }
}

Decoder::~Decoder() = default;

std::int64_t Decoder::block_tokens() const {
  return context_ ? kKvBlock * context_->rounds() : kKvBlock;
}

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
  if (links_.tensor == nullptr || links_.tensor->size() == 1 || tokens == 0) return;
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

void Decoder::forward(const TokenBatch& batch, std::span<float> logits) {
  const std::int64_t tokens = batch.sequences.tokens();
  ensure((tokens >= 1 || links_.experts != nullptr) && batch.tokens.size() == to_size(tokens),
         "a step has the tokens it says");
  ensure(batch.of_one_rank(), "sequences of one attention rank");
  ensure(tokens == 0 || batch.block_tokens == block_tokens(), "KV blocks of this decoder");
  buffers_->mark = std::chrono::steady_clock::now();
  if (tokens == 0) return join_experts_of_others();
  compute(context_ ? context_->begin(batch) : batch, logits);
}

// A batch of this rank's tokens: where ranks share sequences, maybe of none.
void Decoder::compute(const TokenBatch& batch, std::span<float> logits) {
  const DecoderShape& s = shape();
  const std::int64_t tokens = batch.sequences.tokens();
  const std::int64_t width = weights_.head() == nullptr ? 0 : weights_.head()->n();
  ensure(logits.size() == batch.logit_rows.size() * to_size(width),
         "logits for each row asked for");
  Buffers& b = *buffers_;
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
    layer_ = static_cast<std::int32_t>(s.model_layer(l));
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

#include "kernels/shapes/attention.hpp"

#include <algorithm>

namespace inferbench {

AttentionHeads grouped_query_heads(double q_heads, double kv_heads, double head_dim,
                                   double kv_bytes) {
  return grouped_query_heads(q_heads, kv_heads, head_dim, head_dim, kv_bytes);
}

AttentionHeads grouped_query_heads(double q_heads, double kv_heads, double qk_dim, double v_dim,
                                   double kv_bytes) {
  return {.q_heads = q_heads,
          .kv_heads = kv_heads,
          .qk_dim = qk_dim,
          .v_dim = v_dim,
          .kv_elements = kv_heads * (qk_dim + v_dim),
          .kv_bytes = kv_bytes};
}

AttentionHeads mla_expanded_heads(double q_heads, double nope, double rope, double v_dim,
                                  double latent, double kv_bytes) {
  return {.q_heads = q_heads,
          .kv_heads = q_heads,
          .qk_dim = nope + rope,
          .v_dim = v_dim,
          .kv_elements = latent + rope,
          .kv_bytes = kv_bytes};
}

AttentionHeads mla_absorbed_heads(double q_heads, double latent, double rope, double kv_bytes) {
  return {.q_heads = q_heads,
          .kv_heads = 1,
          .qk_dim = latent + rope,
          .v_dim = latent,
          .kv_elements = latent + rope,
          .kv_bytes = kv_bytes};
}

AttentionLoad attention_load(double context, double new_tokens, double window) {
  const double all = context + new_tokens;
  if (window <= 0 || all <= window) {
    return {new_tokens, new_tokens * context + new_tokens * (new_tokens + 1.0) / 2.0, all, 1.0};
  }
  // The first `growing` queries still see everything before them, the rest a full window.
  const double growing = std::clamp(window - context, 0.0, new_tokens);
  const double pairs =
      growing * context + growing * (growing + 1.0) / 2.0 + (new_tokens - growing) * window;
  return {new_tokens, pairs, std::min(all, window - 1.0 + new_tokens), 1.0};
}

Work work(const AttentionHeads& h, const AttentionLoad& load) {
  return {.flops = Flops(2.0 * h.q_heads * (h.qk_dim + h.v_dim) * load.pairs),
          .read = Bytes(load.queries * h.q_heads * h.qk_dim * h.io_bytes +
                        load.kv_tokens * h.kv_elements * h.kv_bytes),
          .written = Bytes(load.queries * h.q_heads * h.v_dim * h.io_bytes)};
}

Bytes context_exchange_bytes(const ContextExchangeShape& s, double pages, double queries) {
  const Bytes asked(4.0 * queries * (s.query_elements + s.output_elements));
  return (s.page * pages + asked) * (s.ranks - 1.0);
}

}  // namespace inferbench

#pragma once

#include "harness/base/units.hpp"
#include "kernels/shapes/work.hpp"

namespace inferbench {

// The heads that one GPU computes attention for. Multi-head, grouped-query and multi-query
// attention differ only in kv_heads; MLA after up-projection is a case with kv_heads = q_heads and
// qk_dim != v_dim, MLA in its absorbed form one with a single shared latent.
struct AttentionHeads {
  double q_heads = 0;
  double kv_heads = 0;
  double qk_dim = 0;
  double v_dim = 0;
  double kv_elements = 0;  // cached per token: kv_heads * (qk_dim + v_dim), or the shared latent
  double kv_bytes = 2;     // per cached element
  double io_bytes = 2;     // per element of queries and outputs
};

AttentionHeads grouped_query_heads(double q_heads, double kv_heads, double head_dim,
                                   double kv_bytes);

// The same with values of another width than keys, as MLA's prompts have once they are expanded.
AttentionHeads grouped_query_heads(double q_heads, double kv_heads, double qk_dim, double v_dim,
                                   double kv_bytes);

// MLA with keys and values expanded per head, as prompts are computed: qk_dim = nope + rope. Its
// key-value traffic is that of the latent cache.
AttentionHeads mla_expanded_heads(double q_heads, double nope, double rope, double v_dim,
                                  double latent, double kv_bytes);

// MLA with the up-projections absorbed into query and output, as decodes are computed: each head
// attends in the latent space, so qk_dim = latent + rope, v_dim = latent, and one vector of
// latent + rope elements is shared by all heads.
//
// Source: DeepSeek-V2, arXiv 2405.04434, section 2.1.2 and appendix C.
AttentionHeads mla_absorbed_heads(double q_heads, double latent, double rope, double kv_bytes);

// What a batch asks of attention, summed over its requests. Sums are all that costs depend on, so
// a step of any size is described in constant space.
struct AttentionLoad {
  double queries = 0;    // new tokens
  double pairs = 0;      // query-key pairs after causal and window masks
  double kv_tokens = 0;  // cached tokens read, the new ones included, once per request
  double requests = 0;   // independent problems in the batch

  AttentionLoad& operator+=(const AttentionLoad& o) {
    queries += o.queries, pairs += o.pairs, kv_tokens += o.kv_tokens, requests += o.requests;
    return *this;
  }
  friend AttentionLoad operator*(const AttentionLoad& a, double k) {
    return {a.queries * k, a.pairs * k, a.kv_tokens * k, a.requests * k};
  }
};

// One request's `new_tokens` attending to `context` cached tokens and, causally, to themselves.
// A window w > 0 lets each query see itself and the w - 1 tokens before it.
//   full:   pairs = s*p + s(s+1)/2
//   window: pairs = sum over i in 1..s of min(p + i, w)
AttentionLoad attention_load(double context, double new_tokens, double window = 0);

// QK^T and PV: FLOPs 2 * q_heads * (qk_dim + v_dim) * pairs; reads queries and cached keys and
// values, writes outputs. Softmax is not counted (it has its own units). Exact for prefill, chunked
// prefill and decode alike.
Work work(const AttentionHeads& heads, const AttentionLoad& load);

// Context-parallel ranks, which share out the keys and values of each sequence, in one layer.
struct ContextExchangeShape {
  double ranks = 1;
  Bytes page;                  // keys and values of 16 tokens, as cached
  double query_elements = 0;   // of a token: q_heads * qk_dim
  double output_elements = 0;  // q_heads * (v_dim + 1): outputs and their log-sum-exp
};

// Bytes between all of them: pages go around and stand on each rank once (pass-KV); queries go to
// all other ranks, from which outputs come back (pass-Q), both in fp32.
//
// Source: Yang et al., "Context Parallelism for Scalable Million-Token Inference", arXiv
// 2411.01783, section 3.
Bytes context_exchange_bytes(const ContextExchangeShape& s, double pages, double queries);

}  // namespace inferbench

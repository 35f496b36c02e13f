#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/transformer/context_share.hpp"
#include "harness/execute/transformer/decoder_shape.hpp"
#include "kernels/attention/attention.hpp"
#include "kernels/collectives/communicator.hpp"
#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// Attention of a step over keys and values that context-parallel ranks share out (KvShare).
//
// Chunks of more than kMostPageTokens tokens: each rank has the queries of its tokens, and keys and
// values go around. In as many rounds as there are ranks each attends to what it has and hands it
// to the next rank (pass-KV). Others, decodes and drafts: queries go to all ranks, each attends to
// what it caches, and the results come back (pass-Q). Either way a row's parts are merged by their
// log-sum-exp in one order, its own rank's first, then those of the ranks before it.
//
// A pass sends the pages of 16 tokens that a rank caches of the sequences, as they are cached; with
// a window from the page of the first token that any query sees. It does not overlap with
// attention.
//
// Under KernelSet::invariant every query is attended to by itself, so a token's row is the same
// bits however prompts are cut, for a given number of ranks.
//
// Source: Liu et al., "Ring Attention with Blockwise Transformers", arXiv 2310.01889; Yang et al.,
// "Context Parallelism for Scalable Million-Token Inference", arXiv 2411.01783 (pass-KV, pass-Q).
class ContextAttention {
 public:
  // Keeps references to the group and the team. `by_token`: every query by itself.
  ContextAttention(Communicator& group, const DecoderShape& shape, bool by_token, ThreadTeam& team);

  // The share of this rank of a step, which all ranks of the group begin alike; see ContextShare.
  const TokenBatch& begin(const TokenBatch& whole);
  std::span<const std::int64_t> positions() const { return share_.positions(); }

  // A layer of the step. Queries and results are of this rank's tokens, [tokens, heads, key_dim]
  // and [tokens, heads, value_dim]; the cache has the keys and values of its tokens. Steps in the
  // order below; all ranks of the group take them.
  struct Layer {
    PagedAttention& kernel;
    const KvCache& cache;
    std::int64_t window = 0;
  };
  bool asks() const { return asked_.tokens() > 0; }  // any rank
  void gather_queries(std::span<const float> q);
  void attend_asked(const Layer& layer);
  void return_outputs(std::span<float> out);

  bool passes() const { return !passed_around_.empty(); }  // any rank
  int rounds() const { return group_.size(); }
  void take_queries(std::span<const float> q);
  void pass(int round, const Layer& layer);  // before the attention of each round but the first
  void attend_passed(int round, const Layer& layer);
  void put_outputs(std::span<float> out) const;

  // What this rank gave of its own so far, over layers: pages that went around, queries that went
  // to the others.
  std::int64_t passed_pages() const { return passed_pages_; }
  std::int64_t asked_queries() const { return asked_queries_; }

 private:
  // Tokens as the kernel is asked to compute them, and what comes of them.
  struct Queries {
    std::vector<std::int64_t> starts, context, positions;
    std::vector<std::int64_t> sequence_of;  // of the step, by sequence of the kernel
    std::vector<std::int64_t> rows;         // of this rank's tokens, where they are of this rank
    std::vector<std::int32_t> table;
    std::vector<float> q, out, lse, other, other_lse;

    void clear();
    std::int64_t tokens() const { return static_cast<std::int64_t>(positions.size()); }
  };
  // Pages of one rank on their way.
  struct Shipment {
    Buffer<std::byte> data;
    std::size_t bytes = 0;
    std::int64_t pages = 0;

    void resize(std::int64_t count, std::size_t page_bytes);
    KvCache view(const KvCache& like);
  };

  int before(int round) const { return (group_.rank() + group_.size() - round) % group_.size(); }
  int after(int round) const { return (group_.rank() + round) % group_.size(); }
  KvShare share_of(int rank) const { return {rank, group_.size()}; }
  void add(Queries& to, std::int64_t sequence, int rank, std::int64_t own_row);
  void fill_table(Queries& queries, std::span<const std::int32_t> tables) const;
  Range pages_of(int rank, std::int64_t sequence, std::int64_t window) const;
  void pack(const Layer& layer);
  std::int64_t expect(int rank, std::int64_t window);
  void run(const Layer& layer, const KvCache& cache, int of, Queries& queries, std::span<float> out,
           std::span<float> lse) const;
  std::span<float> asked_rows(std::vector<float>& of, int rank, std::int64_t width) const;

  Communicator& group_;
  ThreadTeam& team_;
  ContextShare share_;
  bool by_token_;
  std::int64_t heads_, q_width_, out_width_, value_dim_;
  AttentionBatch whole_;
  Queries passed_;                            // this rank's, that keys and values come to
  std::vector<std::int64_t> passed_around_;   // sequences of the step whose keys and values go
  std::vector<std::int32_t> arriving_table_;  // [sequences, max_blocks] of the arrived pages
  Queries asked_;                             // of all ranks, by rank
  std::vector<std::int64_t> asked_from_;      // first of each rank, and the number of all
  Shipment sent_, arrived_;
  std::int64_t passed_pages_ = 0, asked_queries_ = 0;
};

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <vector>

#include "kernels/attention/attention.hpp"
#include "kernels/attention/kv_cache.hpp"
#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Keys and values in blocks of 16 tokens: what lies at [block][kv head][token][head_dim].
struct PagedCache {
  std::vector<std::byte> keys, values;
  std::vector<float> key_scale, value_scale;  // int8: [block][kv head][token]
};

// Attention of the latest tokens of each request over its cached keys and values.
//
//   q            [requests, tokens, q_heads, head_dim]      fp32
//   cache        [blocks, kv_heads, 16, head_dim]           of the format; values: value_dim
//   block_table  [requests, max_blocks]   the cache block of each 16 tokens, in random order
//   context      [requests]               tokens cached before the new ones
//   out          [requests, tokens, q_heads, value_dim]     fp32
//
// The keys and values of the new tokens are in the cache too. Token i of a request sees context + i
// + 1 tokens, itself included, or the last `window` of them (0: all). Scores are scaled by
// 1/sqrt(head_dim). Each group of q_heads / kv_heads query heads shares a key-value head.
//
// mla_decode is the absorbed form of multi-head latent attention: one vector of latent + rope
// elements is cached per token, of which all heads take the whole as key and the first `latent`
// elements as value; queries come with W_UK multiplied in, [.., latent + rope], and outputs are
// latent, [.., latent], W_UV still to come. Scores are scaled by 1/sqrt(nope + rope), the width of
// the heads that it stands for.
//
// Sources: DeepSeek-V2, arXiv 2405.04434, 2.1.2 (MLA); Kwon et al., "Efficient Memory Management
// for Large Language Model Serving with PagedAttention", SOSP 2023, 4.1; Ainslie et al., "GQA",
// arXiv 2305.13245; Jiang et al., "Mistral 7B", arXiv 2310.06825, 2 (sliding window).
class AttentionProblem final : public Problem {
 public:
  explicit AttentionProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_); }
  // Of a case, before its inputs are drawn.
  static Work work_of(const KernelCase& kernel_case);
  std::size_t outputs() const override;
  Oracle oracle(std::size_t most) const override;
  void round_for_device() override;

  // Tokens [first, last) that new token `token` of request `request` sees.
  struct Visible {
    std::int64_t first = 0, last = 0;
  };
  Visible visible(std::int64_t request, std::int64_t token) const;

  AttentionShape heads() const;

  // Where token `at` of a request's kv head lies, counted in tokens: times head_dim, an element.
  std::size_t place(std::int64_t request, std::int64_t head, std::int64_t at) const;

  std::int64_t requests = 0, tokens = 0, q_heads = 0, kv_heads = 0, head_dim = 0, value_dim = 0;
  std::int64_t window = 0, max_blocks = 0, blocks = 0;
  bool latent = false;  // mla_decode
  double scale = 1;     // of scores
  KvType kv = KvType::fp32;
  std::vector<std::int64_t> context;
  std::vector<float> q;
  std::vector<std::int32_t> block_table;
  PagedCache cache;

 private:
  void lay_out_blocks();
  void fill_cache(std::vector<std::byte>& data, std::int64_t dim, const char* stream,
                  std::vector<float>& scales);
  float key(std::size_t place, std::int64_t d) const;
  float value(std::size_t place, std::int64_t d) const;

  KernelCase case_;
};

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/base/units.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// Token ids for prompts of which a workload says only lengths and hashes. What the hashes cover is
// drawn from each block's hash, so that equal prefixes of hashes are equal text; the rest from the
// request's id. Equal for equal (seed, vocabulary, request).
class PromptTexts {
 public:
  // `hash_tokens`: WorkloadInfo::block_tokens, 0 when requests carry no hashes.
  PromptTexts(std::uint64_t seed, std::int64_t vocab, Tokens hash_tokens);

  std::vector<std::int32_t> of(const Request& request) const;  // Request::input tokens

 private:
  RandomStream by_hash_, by_request_;
  std::uint64_t vocab_;
  std::size_t hash_tokens_;
};

}  // namespace inferbench

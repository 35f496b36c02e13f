#pragma once

#include <cstddef>
#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// What one request does in one step: `new_tokens` attend to `context` cached tokens and themselves.
struct BatchItem {
  RequestId request{};
  Tokens context{};     // tokens whose keys and values are cached before the step
  Tokens new_tokens{};  // >= 1; a decode has 1 and as many drafted ones as it verifies
  Tokens padding{};     // positions computed beside them and thrown away, of padded batches
  bool decode = false;  // computes the successor of a generated token, not of prompt tokens
  bool emits = false;   // the step's last position is sampled: decodes, and a prompt's last chunk
  bool starts = false;  // the first work ever done for this request: its admission
  std::uint16_t rank = 0;  // attention rank: with expert parallelism EP ranks split the batch
};

// The work of one step. A request stands in it at most once; per rank, new tokens stay within the
// scheduler's step budget.
struct BatchPlan {
  StepId step{};
  std::vector<BatchItem> items;
  // So many of the first items are decodes of one token each on rank 0, unpadded, of requests that
  // began before: whoever sums them up need not look closer. 0 where nobody says so.
  std::size_t plain_decodes = 0;
  std::vector<RequestId> preempted;  // gave their KV blocks back to make this plan
  // KV tokens that move between the GPU and host memory before the step runs, of the rank that
  // moves the most (each has a link of its own): swapped requests, and prefixes of the CPU tier.
  Tokens kv_to_host{}, kv_from_host{};

  bool empty() const { return items.empty(); }
};

// Tokens that a committed step made visible.
struct Emission {
  RequestId request{};
  Tokens tokens{1};
  bool last = false;  // the answer is complete
};

}  // namespace inferbench

#pragma once

#include "harness/base/units.hpp"

namespace inferbench {

// How a scheduler keeps keys and values, per attention rank.
struct KvOptions {
  enum class Layout {
    paged,       // blocks as the sequence grows
    contiguous,  // room for the longest possible answer, from admission to the end
  };
  enum class Preemption {
    recompute,  // what a preempted request had is computed again
    swap,       // it moves to host memory and back; recomputed when there is no room
  };

  Layout layout = Layout::paged;
  Preemption preemption = Preemption::recompute;
  Tokens host{};  // host memory for swapped requests

  bool prefix_cache = false;
  Tokens hash_tokens{};  // Workload::block_tokens; 0: requests carry no hashes, nothing is cached
  Tokens cpu_tier{};     // host memory for prefixes that left the GPU; 0: none
  // What a conversation's answer leaves behind is kept for its next turn. Not where tokens are
  // computed: the next turn's prompt is the trace's, and does not go on where our answer ended.
  bool cache_answers = true;
};

// Throws Error naming the option that cannot work, or not with the others.
void check_options(const KvOptions& options, Tokens block_tokens);

}  // namespace inferbench

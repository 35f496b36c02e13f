#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/predicted/decoder_ops.hpp"
#include "harness/tables/op_table.hpp"

namespace inferbench {

// The largest steps that a table is to know of.
struct ProbeLimits {
  std::int64_t step_tokens = 512;
  std::int64_t max_batch = 64;
  std::int64_t context = 2048;      // tokens cached before a step
  std::int64_t kv_tokens = 65'536;  // of all sequences of a step together
};

// A step to be timed: sequences that all have as many new tokens behind as many cached ones. One
// row of logits is sampled per sequence.
struct ProbeStep {
  std::int64_t sequences = 1, new_tokens = 1, cached = 0;
  bool decode = false;     // one token each of requests that run; else one chunk of a prompt
  bool attention = false;  // of a grid that attention is wanted of

  std::int64_t tokens() const { return sequences * new_tokens; }
};

// An op inside a step, and where in a table its time belongs.
struct ProbedOp {
  OpSite site;
  double x = 0, y = 0;
};

// The ops of a step that are timed: those of `ops` that have kernels of their own, then attention,
// in their order.
std::vector<ProbedOp> probed_ops(const DecoderOps& ops, const ProbeStep& step);

// Decodes of doubling batches at contexts that grow fourfold; chunks of doubling length behind as
// many cached tokens; and chunks between them, for linear layers alone.
std::vector<ProbeStep> probe_steps(const ProbeLimits& limits);

}  // namespace inferbench

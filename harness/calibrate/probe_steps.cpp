#include "harness/calibrate/probe_steps.hpp"

#include <algorithm>

#include "harness/base/real.hpp"

namespace inferbench {
namespace {

// 1, f, f * f, ... below `most`, and `most`.
std::vector<std::int64_t> growing(std::int64_t first, std::int64_t factor, std::int64_t most) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t size = first; size < most; size *= factor) sizes.push_back(size);
  sizes.push_back(most);
  return sizes;
}

}  // namespace

std::vector<ProbedOp> probed_ops(const DecoderOps& ops, const ProbeStep& step) {
  std::vector<ProbedOp> probed;
  for (const DecoderOp& op : ops.ops) {
    if (op.spans.empty()) continue;
    probed.push_back({op.site, real(op.of_rows ? step.sequences : step.tokens())});
  }
  for (const DecoderAttention& kind : ops.attention) {
    if (step.decode) {
      probed.push_back({kind.decode, real(step.sequences), real(step.cached + 1)});
    } else {
      probed.push_back({kind.prefill, real(step.new_tokens), real(step.cached)});
    }
  }
  return probed;
}

std::vector<ProbeStep> probe_steps(const ProbeLimits& limits) {
  std::vector<ProbeStep> steps;
  for (const std::int64_t batch : growing(1, 2, limits.max_batch)) {
    for (const std::int64_t context : growing(16, 4, std::max<std::int64_t>(16, limits.context))) {
      if (batch * context > limits.kv_tokens && batch > 1) continue;
      steps.push_back({batch, 1, context - 1, true, true});
    }
  }
  std::vector<std::int64_t> cached = growing(64, 4, std::max<std::int64_t>(64, limits.context));
  cached.insert(cached.begin(), 0);
  for (const std::int64_t tokens : growing(1, 2, limits.step_tokens)) {
    for (const std::int64_t before : cached) steps.push_back({1, tokens, before, false, true});
  }
  for (std::int64_t tokens = 3; tokens < limits.step_tokens; tokens *= 2) {
    steps.push_back({1, tokens, 0, false, false});
  }
  return steps;
}

}  // namespace inferbench

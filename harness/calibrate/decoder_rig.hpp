#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/calibrate/probe_steps.hpp"
#include "harness/execute/cpu/step_batch.hpp"
#include "harness/execute/ranks/thread_ranks.hpp"
#include "harness/execute/transformer/decoder.hpp"
#include "kernels/sampling/sampling.hpp"

namespace inferbench {

// Nanoseconds of one occurrence of each op, mean over a step, in the order of probed_ops().
using RigTimes = std::vector<double>;

// How many layers stand for all of a model: as many as fill twice the last cache, so that a layer's
// weights are as far away at its next turn as they are in the whole model; and a layer of each
// kind.
std::int64_t rig_layers(const DecoderShape& shape, const GemmFormat& format,
                        double last_cache_bytes);

// A decoder that runs steps made up for timing, op by op where they stand in a real one: between
// the ops before and behind, threads as awake and caches as full as there.
class DecoderRig {
 public:
  // `shape` with rig_layers(), `ops` of the whole model; keeps a reference to `ranks`. `kv_tokens`:
  // room for the largest step. Times are the first rank's.
  DecoderRig(const DecoderShape& shape, const DecoderOps& ops, const GemmFormat& format, KvType kv,
             std::uint64_t seed, std::int64_t kv_tokens, ThreadRanks& ranks);

  RigTimes run(const ProbeStep& step);

  // Room that a step takes in the KV store, in tokens: sequences begin with a block of their own.
  static std::int64_t kv_tokens(const ProbeStep& step);

 private:
  void fill_cache();
  void assemble(const ProbeStep& step);
  RigTimes times() const;
  double time_of(const DecoderOp& op) const;
  double time_of(const DecoderAttention& kind) const;

  DecoderShape shape_;
  DecoderOps ops_;
  ThreadRanks& ranks_;
  ThreadRankedModel model_;
  Sampler sampler_;
  StepBatch batch_;
  std::vector<BlockRun> blocks_;  // of the whole pool, one by one, as a pool in service has them
  std::vector<float> logits_;
  std::vector<SamplingRequest> requests_;
  std::vector<std::int32_t> sampled_;
  KernelSpans spans_;
  std::int64_t token_ = 0;
};

}  // namespace inferbench

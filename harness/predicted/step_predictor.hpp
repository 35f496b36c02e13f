#pragma once

#include <array>
#include <memory>

#include "harness/execute/transformer/decoder.hpp"
#include "harness/predicted/decoder_ops.hpp"
#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/step_result.hpp"
#include "harness/tables/op_timer.hpp"

namespace inferbench {

// Nanoseconds by what answers rest on.
using AnsweredTimes = std::array<double, kAnswered>;

// A step's time as its ops add up to.
struct StepPrediction {
  std::array<double, kOpClasses> ns{};  // by OpClass
  AnsweredTimes answered{};

  StepTiming timing() const;
};

// Predicts what a step takes on this host: every op that Decoder and CpuExecutor run for it, timed
// by an OpTimer and added up.
//
// Linear layers and rows see the step's tokens, the LM head and the sampler the rows that emit.
// Decodes are attended to together, at the mean of their contexts; chunks of prompts one by one,
// and what the smallest chunk takes is counted once per step and not once per chunk. Under
// KernelSet::invariant each token is a sequence of its own. Sampling is greedy.
class StepPredictor {
 public:
  StepPredictor(const DecoderShape& shape, const std::string& weights, const std::string& kv,
                KernelSet kernels, std::shared_ptr<const OpTimer> timer, std::int64_t ranks = 1);

  // Of a plan without drafts, padding, other ranks or KV transfers. Throws Error for an op of which
  // the timer knows nothing.
  StepPrediction step(const BatchPlan& plan) const;

 private:
  void add(StepPrediction& step, const OpSite& site, double x, double y, double times) const;
  void add_attention(StepPrediction& step, const DecoderAttention& kind,
                     const BatchPlan& plan) const;

  bool by_tokens_;
  DecoderOps ops_;
  std::shared_ptr<const OpTimer> timer_;
};

}  // namespace inferbench

#pragma once

#include <string>
#include <utility>

#include "decoder_support.hpp"
#include "harness/execute/ranks/thread_ranks.hpp"

namespace inferbench {

inline ModelPlan plan_of(const DecoderShape& shape, const std::string& format,
                         const std::string& kv, KernelSet kernels = KernelSet::invariant) {
  return {.shape = shape,
          .format = &decoder_format(format),
          .kv = kv_store_type(kv),
          .kv_blocks = kBlocks,
          .kernels = kernels,
          .seed = kWeightSeed};
}

// A model whose ranks are threads.
struct Ranked {
  Ranked(const ModelPlan& plan, const ParallelConfig& parallel, unsigned threads = 1)
      : group(static_cast<int>(parallel.gpus()), threads), model(with(plan, parallel), group) {}
  Ranked(const ModelPlan& plan, int tensor, unsigned threads = 1)
      : Ranked(plan, ParallelConfig{.tp = tensor}, threads) {}

  static ModelPlan with(ModelPlan plan, const ParallelConfig& parallel) {
    plan.parallel = parallel;
    return plan;
  }

  ThreadRanks group;
  ThreadRankedModel model;
};

inline float furthest(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  float worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

}  // namespace inferbench

#include "harness/execute/ranks/process_ranks.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "decoder_support.hpp"
#include "harness/execute/ranks/thread_ranks.hpp"

namespace inferbench {
namespace {

ModelPlan plan_of(const ParallelConfig& parallel) {
  return {.shape = tiny_shape(),
          .format = &decoder_format("bf16"),
          .kv = KvType::bf16,
          .kv_blocks = kBlocks,
          .kernels = KernelSet::invariant,
          .seed = kWeightSeed,
          .trained = nullptr,
          .parallel = parallel};
}

// What processes say to each other, said by threads that know nothing else of each other.
void among_followers(const ParallelConfig& parallel,
                     const std::function<void(ProcessRanks&)>& drive) {
  ThreadWorld world(static_cast<int>(parallel.gpus()));
  world.run([&](Communicator& comm) {
    ProcessRanks ranks(comm, 1);
    if (ranks.leads()) return drive(ranks);
    ModelPlan smaller = plan_of(parallel);
    smaller.kv_blocks = 1;  // the leading process says how many
    ranks.follow({smaller, smaller});
  });
}

TEST(ProcessRanks, ComputeTheBitsOfThreadRanksAndMoveTheirBytes) {
  const auto text = random_text(25, 1);
  for (const ParallelConfig& parallel :
       {ParallelConfig{.tp = 2}, ParallelConfig{.pp = 2}, ParallelConfig{.tp = 2, .pp = 2}}) {
    SCOPED_TRACE(label(parallel));
    ThreadRanks threads(static_cast<int>(parallel.gpus()), 1);
    const auto model = threads.build(plan_of(parallel));
    const auto want = plain(*model, text);
    among_followers(parallel, [&](ProcessRanks& ranks) {
      const auto same = ranks.build(plan_of(parallel));
      EXPECT_TRUE(same_bits(plain(*same, text), want));
      EXPECT_EQ(ranks.wire_bytes(), threads.wire_bytes());
      EXPECT_EQ(same->weight_bytes(), model->weight_bytes());
      EXPECT_EQ(same->all_reduces(), model->all_reduces());
      EXPECT_TRUE(same_bits(plain(*same, text), want));
    });
  }
}

TEST(ProcessRanks, TakeTurnsAtSeveralModels) {
  const auto text = random_text(12, 2);
  among_followers({.tp = 2}, [&](ProcessRanks& ranks) {
    const auto first = ranks.build(plan_of({.tp = 2})), second = ranks.build(plan_of({.tp = 2}));
    const auto logits = plain(*first, text);
    EXPECT_TRUE(same_bits(plain(*second, text), logits));
    EXPECT_TRUE(same_bits(plain(*first, text), logits));
    EXPECT_FALSE(ranks.in_step());
  });
}

}  // namespace
}  // namespace inferbench

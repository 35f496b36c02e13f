#include <gtest/gtest.h>

#include "tests/unit/cost/steps.hpp"

namespace inferbench {
namespace {

CostProfile exchanging(ContextExchange exchange) {
  CostProfile p = profile();
  std::get<OpsParameters>(p.parameters).context_exchange = exchange;
  return p;
}

StepExplanation step(ContextExchange exchange, const BatchPlan& batch) {
  return StepCostModel(deployed("llama-3-8b", "h100", "cp4", "bf16"), exchanging(exchange))
      .explain(batch);
}

// Llama 3 8B caches 2 x 8 x 128 elements of 2 bytes per token and layer: 4,096 bytes. A prompt of
// 65,536 is 268.4 MB a layer; each of four ranks sends three quarters of it, either way.
TEST(ContextParallel, BothVariantsSendThreeQuartersOfTheCache) {
  const BatchPlan batch = plan({prefill(65536)});
  const double cache = 65536.0 * 4096.0;
  const StepExplanation ring = step(ContextExchange::ring, batch);
  const StepExplanation gather = step(ContextExchange::all_gather, batch);
  EXPECT_DOUBLE_EQ(op_of(ring, "ring_pass_kv").wire.count(), 32 * 0.75 * cache);
  EXPECT_DOUBLE_EQ(op_of(gather, "kv_all_gather").wire.count(), 32 * 0.75 * cache);
}

// A block's attention takes longer than its hop here, so the ring hides it all and pays three more
// launch floors of 15 us; the gather of 268.4 MB at 75 % of 450 GB/s is exposed:
// 201.3 MB / 337.5 GB/s + 2.8 us + 2 x 2.4 us.
TEST(ContextParallel, RingHidesBehindLongPromptsAndGatherDoesNot) {
  const BatchPlan batch = plan({prefill(65536)});
  const StepExplanation ring = step(ContextExchange::ring, batch);
  const StepExplanation gather = step(ContextExchange::all_gather, batch);
  EXPECT_EQ(op_of(ring, "ring_pass_kv").time, Seconds(0));
  EXPECT_NEAR(op_of(ring, "prefill_attention").time.count(),
              op_of(gather, "prefill_attention").time.count() + 32 * 3 * 15e-6, 1e-12);
  EXPECT_NEAR(op_of(gather, "kv_all_gather").time.count() / 32,
              0.75 * 65536 * 4096 / 337.5e9 + 2.8e-6 + 4.8e-6, 1e-12);
  EXPECT_LT(ring.timing.stage, gather.timing.stage);
}

// A short chunk over a long cache: attention on a block is brief, its keys and values are not. The
// ring's hops stick out, and its launches weigh more than what it hides.
TEST(ContextParallel, ShortChunksGainLessFromTheRing) {
  const BatchPlan batch = plan({prefill(64, 65536)});
  const StepExplanation ring = step(ContextExchange::ring, batch);
  const StepExplanation gather = step(ContextExchange::all_gather, batch);
  EXPECT_GT(op_of(ring, "ring_pass_kv").time.count(), 0);
  const double saved = seconds(gather.timing.stage).count() - seconds(ring.timing.stage).count();
  EXPECT_LT(saved, op_of(gather, "kv_all_gather").time.count());
}

// Decodes: all ranks score all queries on their share of the cache. Few bytes, so that latencies
// decide: three hops, or one gather.
TEST(ContextParallel, DecodesPassQueries) {
  const BatchPlan batch = plan(std::vector<BatchItem>(8, decode(65535)));
  const StepExplanation ring = step(ContextExchange::ring, batch);
  const StepExplanation gather = step(ContextExchange::all_gather, batch);
  // 32 heads x 128 x 2 bytes of 8 queries, three quarters sent.
  const double queries = 8.0 * 32 * 128 * 2;
  EXPECT_DOUBLE_EQ(op_of(ring, "ring_pass_q").wire.count(), 32 * 0.75 * queries);
  EXPECT_DOUBLE_EQ(op_of(gather, "query_all_gather").wire.count(), 32 * 0.75 * queries);
  EXPECT_EQ(op_of(ring, "decode_attention").bytes, op_of(gather, "decode_attention").bytes);
  EXPECT_LT(gather.timing.stage, ring.timing.stage);
}

}  // namespace
}  // namespace inferbench

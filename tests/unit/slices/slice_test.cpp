#include "harness/execute/ranks/slice.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/cost/ops_formulation.hpp"
#include "harness/execute/transformer/decoder_weights.hpp"
#include "harness/execute/transformer/layer_sample.hpp"
#include "harness/plan/precision.hpp"

namespace inferbench {
namespace {

using Layers = std::vector<std::int64_t>;

Slice slice_of(const std::string& model, const std::string& parallel, SliceChoice choice = {}) {
  const ModelSpec spec = find_model(model);
  return make_slice(spec, decoder_shape(spec), decoder_format("bf16"), parse_parallel(parallel),
                    choice);
}

// TP2CP1EP2PP3DP2: rank 17 = 1 + 2 * (0 + 2 * (1 + 3 * 1)) is TP 1, EP 0, stage 1, replica 1.
TEST(RankPosition, IsThatOfGpus) {
  const ParallelConfig parallel = parse_parallel("tp2ep2pp3dp2");
  const RankPosition at = position_of(17, parallel);
  EXPECT_EQ(at.tp, 1);
  EXPECT_EQ(at.ep, 0);
  EXPECT_EQ(at.pp, 1);
  EXPECT_EQ(at.dp, 1);
  for (std::int64_t rank = 0; rank < parallel.gpus(); ++rank) {
    EXPECT_EQ(rank_at(position_of(rank, parallel), parallel), rank);
  }
}

// 80 layers in four stages of 20; the last one has the LM head besides.
TEST(Slice, TheBusiestStageHasTheLmHead) {
  const Slice slice = slice_of("llama-3-70b", "tp2pp4");
  EXPECT_EQ(slice.rank, 6);  // the first rank of stage 4
  EXPECT_EQ(slice.position.pp, 3);
  EXPECT_EQ(slice.own_layers, 20);
  EXPECT_EQ(slice.layers.front(), 60);
  EXPECT_EQ(slice.layers.back(), 79);
  EXPECT_NE(slice.why.find("busiest"), std::string::npos);
}

// tiny-mla-test has a dense layer and then one of experts, in two stages: each executes its own and
// one of the other kind. Mistral-like windows are a kind, too.
TEST(Slice, HasALayerOfEachKind) {
  EXPECT_EQ(slice_of("tiny-mla-test", "pp2", {.rank = 0}).layers, (Layers{0, 1}));
  EXPECT_EQ(slice_of("llama-3-70b", "tp8", {.rank = 3, .layers = 2}).layers, (Layers{0, 1}));
  EXPECT_EQ(slice_of("llama-3-70b", "tp8pp4", {.rank = 31, .layers = 2}).layers, (Layers{60, 61}));
  EXPECT_EQ(slice_of("llama-3-70b", "tp8pp4", {.rank = 31, .layers = 2}).why, "as asked for");
}

TEST(Slice, BadChoicesAreRefused) {
  EXPECT_THROW(slice_of("tiny-dense-test", "tp2", {.rank = 2}), Error);
  EXPECT_THROW(slice_of("tiny-dense-test", "tp2", {.rank = -1}), Error);
  EXPECT_THROW(slice_of("tiny-dense-test", "tp2", {.rank = 0, .layers = -1}), Error);
}

// Weights that a step reads, of the rank and in the layers that a slice executes.
std::int64_t elements(const ModelSpec& model, const std::string& parallel, std::int64_t rank) {
  const DecoderShape whole = decoder_shape(model);
  const Slice slice =
      make_slice(model, whole, decoder_format("fp32"), parse_parallel(parallel), {.rank = rank});
  const RandomWeights random(whole, 1);
  const LayerSample sample(random, slice_shape(whole, slice));
  const WeightShard shard(sample, slice.shard());
  const auto size = [&](DecoderMatrix matrix) {
    return shard.rows(matrix) * shard.columns(matrix);
  };
  std::int64_t layer = 0;
  for (const DecoderMatrix matrix : {DecoderMatrix::qkv, DecoderMatrix::attention_out,
                                     DecoderMatrix::gate_up, DecoderMatrix::down}) {
    layer += size(matrix);
  }
  return shard.shape().layers * layer + size(DecoderMatrix::head);
}

// What the ranks of TP hold adds up to the whole, KV heads beyond one copy each aside: with four
// ranks two KV heads are kept twice, 2 layers x 2 (keys, values) x 2 more heads x 16 x 64.
TEST(Slice, WeightsOfRanksAddUp) {
  const ModelSpec model = find_model("tiny-dense-test");
  const std::int64_t whole = elements(model, "tp1", 0);
  for (const std::int64_t ranks : {2, 4}) {
    std::int64_t sum = 0;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      sum += elements(model, "tp" + std::to_string(ranks), rank);
    }
    EXPECT_EQ(sum, whole + (ranks == 4 ? 2 * 2 * 2 * 16 * 64 : 0)) << ranks;
  }
}

// Experts of all EP ranks are those of the model, each cut by TP as well.
TEST(Slice, ExpertsOfRanksAddUp) {
  const ModelSpec model = find_model("tiny-moe-test");
  const DecoderShape whole = decoder_shape(model);
  const RandomWeights random(whole, 1);
  const auto experts = [&](const std::string& parallel, std::int64_t rank) {
    const Slice slice =
        make_slice(model, whole, decoder_format("fp32"), parse_parallel(parallel), {.rank = rank});
    const WeightShard shard(random, slice.shard());
    std::int64_t sum = 0;
    for (const DecoderMatrix matrix : {DecoderMatrix::expert_gate_up, DecoderMatrix::expert_down}) {
      sum += shard.rows(matrix) * shard.columns(matrix);
    }
    return sum;
  };
  const std::int64_t all = experts("tp1", 0);
  EXPECT_EQ(all, 8 * 3 * 64 * 96);
  for (const char* parallel : {"ep2", "ep8", "tp2ep4"}) {
    std::int64_t sum = 0;
    for (std::int64_t rank = 0; rank < parse_parallel(parallel).gpus(); ++rank) {
      sum += experts(parallel, rank);
    }
    EXPECT_EQ(sum, all) << parallel;
  }
}

// A stage's layers are its own; the LM head is there to compose the last stage with.
TEST(Slice, WeightsOfStagesAddUp) {
  const ModelSpec model = find_model("tiny-dense-test");
  EXPECT_EQ(elements(model, "pp2", 0) + elements(model, "pp2", 1),
            elements(model, "tp1", 0) + 256 * 64);
}

// A sampled layer is that layer of the model, whatever stands before it.
TEST(Slice, SampledLayersAreTheModels) {
  const ModelSpec model = find_model("tiny-dense-test");
  const DecoderShape whole = decoder_shape(model);
  const RandomWeights random(whole, 1);
  const LayerSample sample(random, sampled_shape(whole, {1}));
  std::vector<float> of_sample(64), of_whole(64);
  sample.row(DecoderMatrix::qkv, 0, 5, of_sample);
  random.row(DecoderMatrix::qkv, 1, 5, of_whole);
  EXPECT_EQ(of_sample, of_whole);
  EXPECT_EQ(sample.vector(DecoderVector::ffn_norm, 0), random.vector(DecoderVector::ffn_norm, 1));
  EXPECT_THROW(sampled_shape(whole, {2}), std::logic_error);
}

// GEMMs of a rank's layer multiply what the cost model's op shapes say, and all ranks together what
// the whole does.
TEST(Slice, ShapesAreThoseOfTheCostModel) {
  const double tokens = 48;
  const HardwareSpec gpu = find_gpu("h100");
  const auto parameters = std::get<OpsParameters>(find_cost_profile("default").parameters);
  for (const char* name : {"llama-3-70b", "llama-3-8b", "tinyllama-1.1b"}) {
    const ModelSpec model = find_model(name);
    const DecoderShape whole = decoder_shape(model);
    double whole_flops = 0;
    for (const std::int64_t tp : {1, 2, 4}) {
      const OpsFormulation formulation(model, gpu, {.tp = tp}, default_precision(model, gpu),
                                       parameters);
      Ops ops;
      formulation.projections(tokens, ops);
      formulation.dense_ffn(tokens, ops);
      double modelled = 0;
      for (const OpCost& op : ops) {
        if (op.part == OpPart::gemm) modelled += op.work.flops.count();
      }
      const DecoderShape rank = shard_shape(whole, {.rank = 0, .ranks = tp});
      const double elements =
          real(rank.hidden) * real(rank.qkv_width() + rank.q_width() + 3 * rank.ffn);
      EXPECT_NEAR(2 * tokens * elements, modelled, 1e-9 * modelled) << name << " tp" << tp;
      if (tp == 1) whole_flops = modelled;
      EXPECT_NEAR(real(tp) * modelled, whole_flops, 1e-9 * whole_flops) << name << " tp" << tp;
    }
  }
}

}  // namespace
}  // namespace inferbench

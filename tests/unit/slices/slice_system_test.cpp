#include "harness/slices/slice_system.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/measured/cpu_system.hpp"
#include "harness/plan/precision.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

CpuSetup sliced(const std::string& model, const std::string& parallel, SliceChoice choice = {}) {
  CpuOptions options;
  options.kernels = "invariant";
  options.parallel = parse_parallel(parallel);
  options.slice = choice;
  options.threads = 1;
  ServingOptions serving;
  serving.max_batch = 16;
  return cpu_setup(find_model(model), options, serving, 3);
}

Deployment links(const CpuSetup& setup) {
  Deployment deployment;
  deployment.model = setup.model;
  deployment.parallel = setup.parallel;
  if (setup.parallel.replica_gpus() == 1) return deployment;
  deployment.gpu = find_gpu("h100");
  deployment.precision = default_precision(setup.model, deployment.gpu);
  return deployment;
}

OpsParameters default_parameters() {
  return std::get<OpsParameters>(find_cost_profile("default").parameters);
}

std::vector<RequestRecord> serve(SliceSystem& system, const std::vector<Request>& asked) {
  ListSource source(asked);
  RecordList list;
  system.serve(source, list);
  return list.take_by_id();
}

// One rank that is the whole model answers with the plain run's tokens.
TEST(SliceSystem, OneRankGivesTheTokensOfThePlainRun) {
  const auto asked = random_requests(5, 10, 60, 20, 1ms);
  for (const char* model : {"tiny-dense-test", "tiny-moe-test", "tiny-mla-test"}) {
    const CpuSetup slice = sliced(model, "tp1");
    SliceSystem system(slice, links(slice), default_parameters(), Tokens(0));
    serve(system, asked);
    CpuSetup plain = slice;
    plain.slice.reset();
    CpuSystem whole(plain, Tokens(0));
    ListSource source(asked);
    RecordList list;
    whole.serve(source, list);
    EXPECT_EQ(system.executor(0).answers_digest(), whole.answers_digest()) << model;
    EXPECT_EQ(system.weight_bytes(), whole.weight_bytes()) << model;
    EXPECT_EQ(system.shares().modelled.count(), 0) << model;
  }
}

// And runs its kernels, one by one.
TEST(SliceModel, OneRankRunsTheKernelsOfTheWhole) {
  const CpuSetup setup = sliced("tiny-mla-test", "tp1");
  ThreadTeam team(1);
  ModelPlan plan = model_plans(setup).front();
  SliceModel slice(plan, *setup.slice, team);
  ThreadRanks ranks(1, 1);
  ThreadRankedModel whole(plan, ranks);
  const auto kernels = [&](StepModel& model) {
    KernelSpans spans;
    model.trace(&spans);
    warm_up(model);
    model.trace(nullptr);
    std::vector<std::pair<std::string, std::int32_t>> names;
    for (const KernelSpan& span : spans) names.emplace_back(span.name, span.layer);
    return names;
  };
  EXPECT_EQ(kernels(slice), kernels(whole));
}

// Every configuration serves, layers sampled or not, and says what it took from where.
TEST(SliceSystem, ServesAnyRank) {
  const auto asked = random_requests(7, 12, 60, 12, 1ms);
  for (const char* parallel : {"tp2", "tp4", "pp2", "tp2pp2dp2", "dp3"}) {
    for (const std::int64_t layers : {0, 1}) {
      SCOPED_TRACE(parallel);
      const CpuSetup setup = sliced("tiny-dense-test", parallel, {.layers = layers});
      SliceSystem system(setup, links(setup), default_parameters(), Tokens(0));
      const auto records = serve(system, asked);
      ASSERT_EQ(records.size(), asked.size());
      for (const RequestRecord& record : records) EXPECT_EQ(record.outcome, Outcome::completed);
      EXPECT_EQ(system.stats().size(), static_cast<std::size_t>(setup.parallel.dp));
      EXPECT_GT(system.shares().measured.count(), 0);
      if (setup.parallel.tp > 1) {  // the slowest of two stages may be the one that sends nothing
        EXPECT_GT(system.shares().modelled.count(), 0);
      } else if (setup.parallel.pp == 1) {
        EXPECT_EQ(system.shares().modelled.count(), 0);
      }
      for (const ReplicaStats& replica : system.stats()) {
        EXPECT_EQ(replica.steps > 0, replica.parts.gemm > Duration(0));
      }
    }
  }
}

// Expert-parallel ranks: each has requests of its own, and the experts of one see the tokens of
// all.
TEST(SliceSystem, ServesExpertParallelRanks) {
  const auto asked = random_requests(7, 16, 60, 12, 1ms);
  for (const char* model : {"tiny-moe-test", "tiny-mla-test"}) {
    for (const char* parallel : {"ep2", "tp2ep4", "ep2pp2dp2"}) {
      SCOPED_TRACE(std::string(model) + " " + parallel);
      const CpuSetup setup = sliced(model, parallel);
      OpsParameters drawn = default_parameters();
      drawn.routing = parse_expert_routing("power:1.2", "--routing");
      for (const OpsParameters& parameters : {default_parameters(), drawn}) {
        SliceSystem system(setup, links(setup), parameters, Tokens(0));
        const auto records = serve(system, asked);
        ASSERT_EQ(records.size(), asked.size());
        for (const RequestRecord& record : records) EXPECT_EQ(record.outcome, Outcome::completed);
        for (const ReplicaStats& replica : system.stats()) {
          EXPECT_EQ(replica.steps > 0, replica.parts.moe > Duration(0));
        }
      }
    }
  }
}

// Experts of two ranks: half of the weights of one, routers aside.
TEST(SliceSystem, AnExpertRankHoldsItsExperts) {
  const auto weights = [](const char* parallel) {
    return sliced("tiny-moe-test", parallel).need.weights.count();
  };
  const double experts = 1.05 * 2 * 8 * (3 * 64 * 96) * 2;  // 2 layers of 8, in bf16
  EXPECT_NEAR(weights("tp1") - weights("ep2"), experts / 2, 1);
}

// A rank of two has half of the weights.
TEST(SliceSystem, MemoryIsThatOfTheRank) {
  const CpuSetup whole = sliced("tiny-dense-test", "tp1"), half = sliced("tiny-dense-test", "tp2");
  EXPECT_LT(half.need.weights.count(), 0.51 * whole.need.weights.count());
  EXPECT_GT(half.need.weights.count(), 0.49 * whole.need.weights.count());
}

TEST(SliceSystem, WhatASliceCannotBeIsRefused) {
  EXPECT_THROW(sliced("tiny-dense-test", "cp2"), Error);
  EXPECT_THROW(sliced("tiny-dense-test", "tp3"), Error);
  EXPECT_THROW(sliced("tiny-dense-test", "pp3"), Error);
  EXPECT_THROW(sliced("tiny-dense-test", "tp2", {.rank = 5}), Error);
}

}  // namespace
}  // namespace inferbench

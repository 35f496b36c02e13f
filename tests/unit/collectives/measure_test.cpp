#include "harness/collectives/measure.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "harness/base/error.hpp"
#include "harness/collectives/traffic_model.hpp"

namespace inferbench {
namespace {

// Forgets the last rank's part of the sum.
void forgetful(Communicator& comm, const CollectiveCall& call) {
  CollectiveCall zero = call;
  std::vector<std::byte> nothing(call.in.size());
  if (comm.rank() == comm.size() - 1) zero.in = nothing;
  collective_implementation(Collective::all_reduce, "two_shot", "test").run(comm, zero);
}

CollectivePoint measured(std::span<const CollectiveSubject> subjects, int ranks = 2) {
  RankStage stage(false);
  CollectiveOptions options;
  options.budget = Duration(1'000'000);
  options.fewest = 3;
  return measure_point(stage, {.ranks = ranks, .count = 4096}, subjects, options);
}

TEST(MeasureCollectives, SamplesEveryAlgorithmInEveryRound) {
  const auto& ring = collective_implementation(Collective::all_reduce, "ring", "test");
  const auto& tree = collective_implementation(Collective::all_reduce, "tree", "test");
  const std::vector<CollectiveSubject> subjects = {{&ring, Transport::threads, false},
                                                   {&tree, Transport::threads, true}};
  const CollectivePoint point = measured(subjects);
  ASSERT_EQ(point.results.size(), 2U);
  for (const CollectiveResult& result : point.results) {
    EXPECT_EQ(result.compared, 2 * 4096U);
    EXPECT_EQ(result.wrong, 0U);
    ASSERT_GE(result.timed.samples.size(), 3U);
    EXPECT_EQ(result.timed.samples.size(), point.results.front().timed.samples.size());
    EXPECT_GT(result.timed.median_ns, 0);
    EXPECT_LE(result.fastest_ns, result.timed.median_ns);
    EXPECT_GE(result.timed.runs_per_sample, 1);
  }
  EXPECT_GT(point.copy_gb_per_s, 0);
  EXPECT_TRUE(point.results[0].of_model.has_value());
  EXPECT_FALSE(point.results[1].of_model.has_value());  // the model is of out of place
}

TEST(MeasureCollectives, WhatIsWrongIsCountedAndNotTimed) {
  const CollectiveImplementation broken = {Collective::all_reduce, CollectiveAlgorithm::ring, "own",
                                           "none", forgetful};
  const std::vector<CollectiveSubject> subjects = {{&broken, Transport::threads, false}};
  const CollectivePoint point = measured(subjects);
  EXPECT_GT(point.results[0].wrong, 8000U);  // of 8,192; a few terms are near 0
  EXPECT_TRUE(point.results[0].timed.samples.empty());
}

// One collective and the two probes: 5 questions before the first round, then 3 a round. From the
// `asked`-th on the answer is yes.
CollectivePoint measured_until(int asked) {
  const auto& ring = collective_implementation(Collective::all_reduce, "ring", "test");
  const std::vector<CollectiveSubject> subjects = {{&ring, Transport::threads, false}};
  RankStage stage(false);
  CollectiveOptions options;
  options.budget = std::chrono::minutes(1);
  options.fewest = 3;
  int questions = 0;
  options.interrupted = [&] { return ++questions >= asked; };
  return measure_point(stage, {.ranks = 2, .count = 64}, subjects, options);
}

// Within the fifth round: four are whole. Within the third, or before any: too few.
TEST(MeasureCollectives, AnInterruptKeepsWholeRoundsIfThereAreEnough) {
  const CollectivePoint kept = measured_until(5 + 3 * 4 + 2);
  EXPECT_TRUE(kept.interrupted);
  EXPECT_EQ(kept.results[0].skipped, "");
  EXPECT_EQ(kept.results[0].timed.samples.size(), 4U);
  EXPECT_EQ(kept.results[0].timed.stop, StopReason::interrupted);
  EXPECT_GT(kept.results[0].timed.median_ns, 0);
  for (const int asked : {1, 2, 4, 5 + 3 * 2 + 1}) {
    const CollectivePoint lost = measured_until(asked);
    EXPECT_TRUE(lost.interrupted) << asked;
    ASSERT_EQ(lost.results.size(), 1U);
    EXPECT_EQ(lost.results[0].skipped, "interrupted before it was measured") << asked;
    EXPECT_TRUE(lost.results[0].timed.samples.empty()) << asked;
  }
}

TEST(MeasureCollectives, WhatATransportLacksIsSkippedWithTheReason) {
  const auto& mpi = collective_implementation(Collective::all_reduce, "mpi", "test");
  const std::vector<CollectiveSubject> subjects = {{&mpi, Transport::threads, false}};
  EXPECT_EQ(measured(subjects).results[0].skipped, "the transport has no collectives of its own");
  EXPECT_THROW(transport("thread", "--transport"), Error);
}

// 2 ranks, 1,000 bytes at 10 GB/s, barriers of 100 ns. Ring: 5,000 bytes in 500 ns and 2 steps, of
// 3 pieces each; two shots: 4,000 bytes and 2 barriers.
TEST(TrafficModel, AddsBytesAndSteps) {
  const TrafficModel model{.copy_gb_per_s = 10, .barrier_ns = 100};
  const auto predict = [&](CollectiveAlgorithm algorithm) {
    return model.predict_ns(Collective::all_reduce, algorithm, Bytes(1000), 2, 3);
  };
  EXPECT_DOUBLE_EQ(predict(CollectiveAlgorithm::ring), 500 + 3 * 200);
  EXPECT_DOUBLE_EQ(predict(CollectiveAlgorithm::two_shot), 400 + 200);
}

// 8 ranks: 7 + 7 around the ring, 3 + 3 halvings and doublings; 6 ranks: 2 + 2 and two to fold.
TEST(TrafficModel, CountsSteps) {
  using A = CollectiveAlgorithm;
  EXPECT_EQ(collective_steps(Collective::all_reduce, A::ring, 8), 14);
  EXPECT_EQ(collective_steps(Collective::all_reduce, A::halving_doubling, 8), 6);
  EXPECT_EQ(collective_steps(Collective::all_reduce, A::halving_doubling, 6), 6);
  EXPECT_EQ(collective_steps(Collective::all_gather, A::ring, 8), 7);
  EXPECT_EQ(collective_steps(Collective::broadcast, A::tree, 6), 3);
  EXPECT_EQ(collective_steps(Collective::all_reduce, A::ring, 1), 0);
}

}  // namespace
}  // namespace inferbench

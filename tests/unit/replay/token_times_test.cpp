#include "harness/replay/token_times.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

Time at(std::int64_t ns) {
  return Time(Duration(ns));
}

// Commit k happens at time 10 k.
Time steps_at(StepTimes::Index commit) {
  return at(10 * static_cast<std::int64_t>(commit));
}

StepTimes regular(std::int64_t commits) {
  StepTimes steps;
  for (std::int64_t k = 0; k < commits; ++k) steps.push(at(10 * k));
  return steps;
}

TEST(TokenTimes, ARunOfCommitsIsReadBackAsTimes) {
  const StepTimes steps = regular(10);
  TokenTimes times;
  EXPECT_FALSE(times.began());
  for (const StepTimes::Index commit : {3U, 4U, 5U}) times.add(commit, 1);
  times.finish(steps);
  EXPECT_EQ(times, (TokenTimes{at(30), at(40), at(50)}));
  EXPECT_EQ(times.size(), 3U);
  EXPECT_EQ(times.front(), at(30));
  EXPECT_EQ(times.back(), at(50));
}

TEST(TokenTimes, ACommitMayMakeSeveralTokensVisible) {
  const StepTimes steps = regular(10);
  TokenTimes times;
  times.add(1, 3);
  times.add(2, 1);
  times.add(3, 2);
  times.finish(steps);
  EXPECT_EQ(times, (TokenTimes{at(10), at(10), at(10), at(20), at(30), at(30)}));
}

TEST(TokenTimes, AnAnswerOfNoTokensIsEmpty) {
  TokenTimes times;
  times.finish(regular(3));
  EXPECT_TRUE(times.empty());
  EXPECT_TRUE(times.to_vector().empty());
}

// Against a plain list, over many pages, gaps, strides of a pipeline and bursts, whether the
// commits are added one by one or many at once.
TEST(TokenTimes, EqualAListOfTimes) {
  RandomStream random(3, "token_times");
  for (int round = 0; round < 50; ++round) {
    const StepTimes steps = regular(5000);
    TokenTimes times;
    std::vector<Time> list;
    StepTimes::Index commit = random.below(1500);
    while (commit < 4000) {
      const std::uint64_t kind = random.below(4);
      const std::uint64_t count = random.below(300) + 1;
      if (kind == 0) {
        times.add_each(commit, count);
        for (std::uint64_t k = 0; k < count; ++k) list.push_back(steps_at(commit + k));
        commit += count;
      } else if (kind == 1) {
        for (std::uint64_t k = 0; k < count / 4; ++k, commit += 3) {
          times.add(commit, 1);
          list.push_back(steps_at(commit));
        }
      } else if (kind == 2) {
        const auto tokens = random.between(1, 4);
        times.add(commit, tokens);
        list.insert(list.end(), static_cast<std::size_t>(tokens), steps_at(commit));
        ++commit;
      } else {
        commit += count;  // preempted
      }
    }
    times.finish(steps);
    ASSERT_EQ(times.to_vector(), list);
    ASSERT_TRUE(std::equal(times.begin(), times.end(), list.begin(), list.end()));
    for (int probe = 0; probe < 20 && !list.empty(); ++probe) {
      const std::size_t token = random.below(list.size());
      EXPECT_EQ(times[token], list[token]);
    }
  }
}

// Records outlive the replica that made them and what it has forgotten since.
TEST(TokenTimes, StayReadableWhenTheStepsAreForgotten) {
  TokenTimes times;
  {
    StepTimes steps = regular(3000);
    times.add_each(100, 2000);
    times.finish(steps);
    steps.forget_before(3000);
    EXPECT_LT(steps.kept(), 3000U);
    steps.push(at(99));
    EXPECT_EQ(steps.last(), 3000U);
  }
  EXPECT_EQ(times.front(), at(1000));
  EXPECT_EQ(times.back(), at(20'990));
}

}  // namespace
}  // namespace inferbench

#include "kernels/cpu/team.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace inferbench {
namespace {

TEST(ThreadTeam, EachRankRunsOncePerCall) {
  for (const unsigned size : {1U, 2U, 5U}) {
    ThreadTeam team(size);
    std::vector<int> calls(size, 0);
    for (int round = 0; round < 200; ++round) team.run([&](unsigned rank) { ++calls[rank]; });
    EXPECT_EQ(calls, std::vector<int>(size, 200));
  }
}

TEST(ThreadTeam, WhatRanksWroteIsSeenByTheCaller) {
  ThreadTeam team(4);
  std::vector<int> data(1000, 0);
  for (int round = 1; round <= 50; ++round) {
    team.run([&](unsigned rank) {
      const Range mine = share(1000, rank, team.size());
      for (std::int64_t i = mine.begin; i < mine.end; ++i) data[static_cast<std::size_t>(i)] += 1;
    });
    EXPECT_EQ(std::accumulate(data.begin(), data.end(), 0), 1000 * round);
  }
}

TEST(ThreadTeam, SharesCoverEverythingOnce) {
  for (const std::int64_t n : {0, 1, 3, 7, 100}) {
    std::int64_t next = 0;
    for (unsigned rank = 0; rank < 3; ++rank) {
      const Range r = share(n, rank, 3);
      EXPECT_EQ(r.begin, next);
      next = r.end;
    }
    EXPECT_EQ(next, n);
  }
}

}  // namespace
}  // namespace inferbench

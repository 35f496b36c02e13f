#include "harness/execute/transformer/expert_exchange.hpp"

#include <gtest/gtest.h>

#include "kernels/collectives/thread_world.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {
namespace {

using Floats = std::vector<float>;
using Experts = std::vector<std::int32_t>;

template <class T>
std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}

// Four experts on two ranks, two picks. Rank 0 has token (1, 2) for experts 1 and 3, and (3, 4) for
// 2 and 3; rank 1 has (5, 6) for 0 and 1.
//
//   rank 0 gets   (1, 2) from itself, (5, 6) from rank 1
//   rank 1 gets   (1, 2) and (3, 4) from rank 0
//
// Each rank answers with what came, 10 and 100 times. So (1, 2) becomes 110 times itself, (3, 4)
// 100 times, (5, 6) 10 times. Three visits: two of 8 + 16 bytes there and 8 back on the way from
// rank 0, one from rank 1; and two counts of 8 bytes.
TEST(ExpertExchange, TokensVisitEachRankOnceAndTheirSumsComeBack) {
  ThreadWorld world(2);
  std::vector<std::uint64_t> bytes(2);
  std::int64_t visits = 0;
  world.run([&](Communicator& comm) {
    ExpertExchange exchange(comm, 4, 2, 2);
    const bool first = comm.rank() == 0;
    const Floats tokens = first ? Floats{1, 2, 3, 4} : Floats{5, 6};
    const Experts chosen = first ? Experts{1, 3, 2, 3} : Experts{0, 1};
    const Floats weights = first ? Floats{0.5, 0.25, 0.75, 1} : Floats{0.1F, 0.2F};
    const auto came = exchange.dispatch(tokens, chosen, weights);
    EXPECT_EQ(came.count, 2);
    EXPECT_EQ(list(came.tokens), (first ? Floats{1, 2, 5, 6} : Floats{1, 2, 3, 4}));
    EXPECT_EQ(list(came.chosen), (first ? Experts{1, 3, 0, 1} : Experts{1, 3, 2, 3}));
    EXPECT_EQ(list(came.weights),
              (first ? Floats{0.5, 0.25, 0.1F, 0.2F} : Floats{0.5, 0.25, 0.75, 1}));
    Floats sums = list(came.tokens), out(tokens.size());
    for (float& x : sums) x *= first ? 10.0F : 100.0F;
    exchange.combine(sums, out);
    EXPECT_EQ(out, (first ? Floats{110, 220, 300, 400} : Floats{50, 60}));
    comm.barrier();
    bytes[static_cast<std::size_t>(comm.rank())] = comm.traffic().total();
    if (first) visits += exchange.visits();
    comm.barrier();
    if (!first) visits += exchange.visits();
  });
  EXPECT_EQ(visits, 3);
  EXPECT_EQ(bytes[0] + bytes[1], 3U * (8 + 16 + 8) + 16);
  EXPECT_EQ(expert_exchange_bytes({.ranks = 2, .visits = 3, .hidden = 2, .top_k = 2}), Bytes(112));
}

// Rank 1 of three has no tokens, and nobody's expert is on rank 2.
TEST(ExpertExchange, RanksWithoutTokensOrVisitorsGoAlong) {
  ThreadWorld world(3);
  world.run([&](Communicator& comm) {
    ExpertExchange exchange(comm, 3, 1, 1);
    const bool idle = comm.rank() == 1;
    const Floats tokens = idle ? Floats{} : Floats{7}, weights(tokens.size(), 1.0F);
    const Experts chosen = idle ? Experts{} : Experts{comm.rank() / 2};
    for (int round = 0; round < 3; ++round) {
      const auto came = exchange.dispatch(tokens, chosen, weights);
      EXPECT_EQ(came.count, comm.rank() == 2 ? 0 : 1);
      Floats out(tokens.size());
      exchange.combine(came.tokens, out);
      EXPECT_EQ(out, tokens);
    }
    EXPECT_EQ(exchange.rounds(), 3);
    EXPECT_EQ(exchange.visits(), comm.rank() == 2 ? 3 : 0);
  });
}

}  // namespace
}  // namespace inferbench

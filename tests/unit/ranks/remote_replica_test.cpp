#include "harness/execute/ranks/remote_replica.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "harness/execute/ranks/process_ranks.hpp"
#include "harness/execute/ranks/subset.hpp"
#include "ranked_support.hpp"

namespace inferbench {
namespace {

// Two replicas of two ranks each, said by threads that know nothing else of each other. The first
// drives its own replica and, on a thread for it, the other one, both at the same time.
TEST(RemoteReplica, ComputesTheBitsOfTheReplicaHere) {
  const auto text = random_text(25, 1), other = random_text(9, 2);
  const ModelPlan plan = Ranked::with(plan_of(tiny_shape(), "bf16", "bf16"), {.tp = 2, .dp = 2});
  ThreadWorld world(4);
  world.run([&](Communicator& comm) {
    SubsetCommunicator replica(comm, comm.rank() < 2 ? std::vector{0, 1} : std::vector{2, 3});
    ProcessRanks own(replica, 1);
    if (comm.rank() == 2) return lead_replica(comm, own, {plan, plan});
    if (comm.rank() != 0) return own.follow({plan, plan});
    RemoteReplica remote(comm, 2, 2, 1);
    const auto here = own.build(plan), there = remote.build(plan), second = remote.build(plan);
    const auto want = plain(*here, text), want_other = plain(*here, other);
    for (int round = 0; round < 3; ++round) {
      std::vector<float> got;
      std::thread beside([&] { got = plain(*there, text); });
      EXPECT_TRUE(same_bits(plain(*here, other), want_other));
      beside.join();
      EXPECT_TRUE(same_bits(got, want));
    }
    EXPECT_TRUE(same_bits(plain(*second, other), want_other));
    EXPECT_EQ(there->weight_bytes(), here->weight_bytes());
    EXPECT_EQ(there->all_reduces(), 3 * 4);
    EXPECT_GT(there->times().gemm, Duration(0));
    EXPECT_FALSE(remote.in_step());
    // Here 25 + 9 tokens and three times 9, there three times 25 and 9.
    const auto bytes = [&](std::int64_t tokens) {
      return step_wire_bytes(plan.shape, plan.parallel, {.tokens = tokens, .logit_rows = tokens});
    };
    EXPECT_EQ(Bytes(static_cast<double>(own.wire_bytes())), bytes(25 + 4 * 9));
    EXPECT_EQ(Bytes(static_cast<double>(remote.wire_bytes())), bytes(3 * 25 + 9));
  });
}

}  // namespace
}  // namespace inferbench

#include "kernels/shapes/collective.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

// nccl-tests' factors at 8 ranks: 1.75 for all-reduce, 0.875 for the others.
TEST(CollectiveShape, BusBandwidthFactorsAreThoseOfNcclTests) {
  EXPECT_DOUBLE_EQ(bus_bandwidth_factor(Collective::all_reduce, 8), 1.75);
  EXPECT_DOUBLE_EQ(bus_bandwidth_factor(Collective::all_gather, 8), 0.875);
  EXPECT_DOUBLE_EQ(bus_bandwidth_factor(Collective::reduce_scatter, 8), 0.875);
  EXPECT_DOUBLE_EQ(bus_bandwidth_factor(Collective::all_to_all, 8), 0.875);
  EXPECT_DOUBLE_EQ(bus_bandwidth_factor(Collective::send_receive, 2), 1.0);
}

TEST(CollectiveShape, AnAllReduceIsAReduceScatterAndAnAllGather) {
  for (const double ranks : {1.0, 2.0, 3.0, 8.0, 64.0}) {
    const Bytes message(1e6);
    EXPECT_DOUBLE_EQ(wire_bytes(Collective::all_reduce, message, ranks).count(),
                     (wire_bytes(Collective::reduce_scatter, message, ranks) +
                      wire_bytes(Collective::all_gather, message, ranks))
                         .count());
  }
}

TEST(CollectiveShape, AGroupOfOneSendsNothing) {
  for (const Collective kind :
       {Collective::all_reduce, Collective::all_gather, Collective::reduce_scatter,
        Collective::all_to_all, Collective::send_receive}) {
    EXPECT_EQ(wire_bytes(kind, Bytes(1e6), 1).count(), 0) << name(kind);
  }
}

// The switch adds up: half of what a ring of many ranks sends.
TEST(CollectiveShape, InNetworkReductionSendsEachByteOnce) {
  EXPECT_EQ(in_network_wire_bytes(Bytes(1e6)).count(), 1e6);
}

// 4 ranks of 1,000 bytes. Ring: each rank passes on 3 chunks of 250 on the way to the sums and 3 of
// the sums: 4 x 1,500. One shot: everyone receives 3 vectors: 12,000.
TEST(CollectiveShape, AlgorithmsSendTheSameInTotalExceptOneShot) {
  using A = CollectiveAlgorithm;
  const Bytes message(1000);
  for (const A algorithm : {A::ring, A::halving_doubling, A::tree, A::two_shot}) {
    EXPECT_EQ(total_wire_bytes(Collective::all_reduce, algorithm, message, 4).count(), 6000);
  }
  EXPECT_EQ(total_wire_bytes(Collective::all_reduce, A::one_shot, message, 4).count(), 12000);
  EXPECT_EQ(total_wire_bytes(Collective::broadcast, A::tree, message, 4).count(), 3000);
  EXPECT_EQ(total_wire_bytes(Collective::send_receive, A::ring_shift, message, 4).count(), 4000);
  EXPECT_EQ(total_wire_bytes(Collective::send_receive, A::ping_pong, message, 4).count(), 2000);
  for (const Collective kind : {Collective::all_gather, Collective::reduce_scatter,
                                Collective::all_to_all, Collective::all_reduce}) {
    EXPECT_DOUBLE_EQ(total_wire_bytes(kind, A::ring, message, 4).count(),
                     4 * wire_bytes(kind, message, 4).count());
  }
}

// 2 ranks of 1,000 bytes. Ring: each adds half a vector (reads 500 and 500, writes 500) and copies
// the other half (500, 500): 2 x 2,500. Two shots: two vectors read, two written.
TEST(CollectiveShape, MemoryTrafficOfAnAllReduceByHand) {
  using A = CollectiveAlgorithm;
  const auto bytes = [](A algorithm, double ranks) {
    return shared_memory_bytes(Collective::all_reduce, algorithm, Bytes(1000), ranks).count();
  };
  EXPECT_EQ(bytes(A::ring, 2), 5000);
  EXPECT_EQ(bytes(A::two_shot, 2), 4000);
  EXPECT_EQ(bytes(A::one_shot, 2), 6000);
  EXPECT_EQ(bytes(A::one_shot, 1), 2000);  // a copy
}

}  // namespace
}  // namespace inferbench

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

}  // namespace
}  // namespace inferbench

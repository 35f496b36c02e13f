#include "kernels/collectives/thread_world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "kernels/cpu/waiting.hpp"

namespace inferbench {
namespace {

// Between two barriers every rank sees what all others wrote before the first one. With a core for
// each rank and without: they wait differently.
TEST(ThreadWorld, ABarrierShowsWhatWasWrittenBefore) {
  for (const unsigned cores : {1U, 16U}) {
    ThreadWorld world(4, cores);
    std::vector<int> written(4);
    std::atomic<int> wrong{0};
    world.run([&](Communicator& comm) {
      for (int round = 1; round <= 50; ++round) {
        written[static_cast<std::size_t>(comm.rank())] = round;
        comm.barrier();
        for (const int other : written) wrong += other != round;
        comm.barrier();
      }
    });
    EXPECT_EQ(wrong, 0) << cores;
  }
}

// Rank 0 sends 1, 2, 3 ... to rank 1 faster than it may look: each message arrives once, in order.
TEST(ThreadWorld, MessagesArriveInOrder) {
  for (const unsigned cores : {1U, 16U}) {
    ThreadWorld world(2, cores);
    std::vector<int> arrived;
    world.run([&](Communicator& comm) {
      for (int i = 1; i <= 100; ++i) {
        int value = i;
        const std::span<int> one(&value, 1);
        if (comm.rank() == 0) {
          comm.send(1, std::as_bytes(one));
          value = -1;
        } else {
          value = 0;
          comm.receive(0, std::as_writable_bytes(one));
          arrived.push_back(value);
        }
      }
    });
    ASSERT_EQ(arrived.size(), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(arrived[static_cast<std::size_t>(i)], i + 1);
  }
}

// Three ranks wait in a barrier, for a message and with one that nobody takes; the fourth throws.
// All end, its exception comes here, and the world is as new.
TEST(ThreadWorld, NobodyWaitsForARankThatFailed) {
  for (const unsigned cores : {1U, 16U}) {
    ThreadWorld world(4, cores);
    for (int round = 0; round < 20; ++round) {
      std::atomic<int> stopped{0};
      EXPECT_THROW(world.run([&](Communicator& comm) {
        std::byte part{};
        try {
          comm.barrier();
          if (comm.rank() == 3) throw std::length_error("alone");
          if (comm.rank() == 0) comm.barrier();
          if (comm.rank() == 1) comm.receive(3, {&part, 1});
          if (comm.rank() == 2) comm.send(3, {&part, 1});
        } catch (const RankFailed&) {
          ++stopped;
          throw;
        }
      }),
                   std::length_error);
      EXPECT_EQ(stopped, 3);
      std::vector<int> seen(4);
      world.run([&](Communicator& comm) {
        int from = -1;
        const int next = (comm.rank() + 1) % 4, before = (comm.rank() + 3) % 4, own = comm.rank();
        comm.exchange(next, std::as_bytes(std::span(&own, 1)), before,
                      std::as_writable_bytes(std::span(&from, 1)));
        comm.barrier();
        seen[static_cast<std::size_t>(comm.rank())] = from;
      });
      EXPECT_EQ(seen, (std::vector<int>{3, 0, 1, 2}));
    }
  }
}

TEST(ThreadWorld, TrafficIsCountedByTheOneWhoCopies) {
  ThreadWorld world(3);
  const std::vector<std::byte> data(40);
  std::vector<std::uint64_t> pulled(3);
  world.run([&](Communicator& comm) {
    std::vector<std::byte> got(40);
    if (comm.rank() == 0) comm.send(2, data);
    if (comm.rank() == 2) comm.receive(0, got);
    comm.count_pulled(comm.rank(), 1000);  // its own memory: not traffic
    pulled[static_cast<std::size_t>(comm.rank())] = comm.traffic().total();
  });
  EXPECT_EQ(pulled, (std::vector<std::uint64_t>{0, 0, 40}));
}

TEST(Waiting, RanksWithoutACoreOfTheirOwnDoNotSpin) {
  EXPECT_GT(Patience::for_ranks(2, 2).spins, 0);
  EXPECT_EQ(Patience::for_ranks(3, 2).spins, 0);
}

}  // namespace
}  // namespace inferbench

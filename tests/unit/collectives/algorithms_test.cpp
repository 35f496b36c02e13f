#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <set>

#include "harness/base/error.hpp"
#include "kernels/collectives/problem.hpp"
#include "kernels/collectives/thread_world.hpp"

namespace inferbench {
namespace {

// Every rank's buffers for one collective.
std::vector<std::unique_ptr<RankBuffers>> buffers_for(const CollectiveProblem& problem,
                                                      bool in_place) {
  std::vector<std::unique_ptr<RankBuffers>> all;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    all.push_back(std::make_unique<RankBuffers>(problem, rank, in_place));
    all.back()->prepare();
  }
  return all;
}

void run(ThreadWorld& world, const CollectiveImplementation& implementation,
         const std::vector<std::unique_ptr<RankBuffers>>& buffers) {
  world.run([&](Communicator& comm) {
    implementation.run(comm, buffers[static_cast<std::size_t>(comm.rank())]->call());
  });
}

CollectiveProblem problem_of(const CollectiveImplementation& implementation, int ranks,
                             std::size_t count, ElementType type = ElementType::fp32,
                             Reduction reduction = Reduction::sum) {
  return CollectiveProblem::shaped(
      {.kind = implementation.kind,
       .ranks = ranks,
       .count = count,
       .type = type,
       .reduction = reduction,
       .root = ranks / 2,
       .ping_pong = implementation.algorithm == CollectiveAlgorithm::ping_pong,
       .seed = count + static_cast<std::size_t>(ranks)});
}

std::string label(const CollectiveImplementation& implementation, const CollectiveProblem& p,
                  bool in_place) {
  return std::string(name(implementation.kind)) + "/" + implementation.name() + " ranks " +
         std::to_string(p.ranks) + " count " + std::to_string(p.count) + " " +
         std::string(name(p.type)) + " " + std::string(name(p.reduction)) +
         (in_place ? " in place" : "");
}

std::vector<bool> places(Collective kind) {
  return kind == Collective::all_to_all_v ? std::vector{false} : std::vector{false, true};
}

void expect_right(ThreadWorld& world, const CollectiveImplementation& implementation,
                  const CollectiveProblem& problem) {
  for (const bool in_place : places(implementation.kind)) {
    const auto buffers = buffers_for(problem, in_place);
    run(world, implementation, buffers);
    for (const auto& rank : buffers) {
      const RankBuffers::Result result = rank->verify(100'000);
      EXPECT_EQ(result.wrong, 0U) << label(implementation, problem, in_place);
      EXPECT_TRUE(result.guards_intact) << label(implementation, problem, in_place);
    }
  }
}

// Powers of two and not, more elements than ranks and fewer, none at all, vectors that no number of
// ranks divides.
TEST(CollectiveAlgorithms, AreRightForAnyNumberOfRanksAndElements) {
  const std::vector<std::size_t> all = {0, 1, 3, 17, 1001, 4096}, few = {3, 1001};
  for (const int ranks : {1, 2, 3, 4, 5, 7, 8}) {
    ThreadWorld world(ranks);
    for (const CollectiveImplementation& i : collective_implementations()) {
      if (!supports(i, ranks, ElementType::fp32, Reduction::sum, false).ok) continue;
      // A step of many ranks on few cores is a switch of threads each.
      for (const std::size_t count : ranks <= 4 ? all : few) {
        expect_right(world, i, problem_of(i, ranks, count));
      }
    }
  }
}

TEST(CollectiveAlgorithms, AreRightForEveryTypeAndReduction) {
  for (const int ranks : {2, 3}) {
    ThreadWorld world(ranks);
    for (const CollectiveImplementation& i : collective_implementations()) {
      for (const ElementType type : element_types()) {
        for (const Reduction reduction : reductions()) {
          if (!supports(i, ranks, type, reduction, false).ok) continue;
          expect_right(world, i, problem_of(i, ranks, 501, type, reduction));
        }
      }
    }
  }
}

// Large enough for several pieces, stores past caches and both halves of a swap.
TEST(CollectiveAlgorithms, AreRightInPieces) {
  ThreadWorld world(2);
  for (const CollectiveImplementation& i : collective_implementations()) {
    if (!supports(i, 2, ElementType::bf16, Reduction::average, false).ok) continue;
    expect_right(
        world, i,
        problem_of(i, 2, (std::size_t{17} << 17U) + 37, ElementType::bf16, Reduction::average));
  }
}

// What kernels/shapes says, counted where bytes are copied; whatever the split.
TEST(CollectiveTraffic, IsWhatTheFormulasSay) {
  for (const int ranks : {2, 3, 4, 6, 8}) {
    for (const CollectiveImplementation& i : collective_implementations()) {
      if (!i.algorithm) continue;
      for (const bool in_place : places(i.kind)) {
        ThreadWorld world(ranks);
        const CollectiveProblem problem = problem_of(i, ranks, 1001);
        const auto buffers = buffers_for(problem, in_place);
        run(world, i, buffers);
        std::uint64_t moved = 0;
        world.run([&](Communicator& comm) {
          static std::mutex one_at_a_time;
          const std::lock_guard lock(one_at_a_time);
          moved += comm.traffic().total();
        });
        const Bytes formula =
            total_wire_bytes(i.kind, *i.algorithm, Bytes(double(problem.total_bytes())), ranks);
        EXPECT_EQ(static_cast<double>(moved), formula.count()) << label(i, problem, in_place);
      }
    }
  }
}

// 4 ranks, 4 chunks of 16 floats: each rank receives 3 chunks on the way to the sums and 3 of the
// sums: 6 x 64 bytes = 2 * 3/4 * 256.
TEST(CollectiveTraffic, OfARingIsTheSameForEveryRank) {
  ThreadWorld world(4);
  for (const char* algorithm : {"ring", "halving_doubling"}) {
    const auto& implementation =
        collective_implementation(Collective::all_reduce, algorithm, "test");
    const auto buffers = buffers_for(problem_of(implementation, 4, 64), false);
    std::vector<std::uint64_t> before(4), after(4);
    const auto note = [&](std::vector<std::uint64_t>& at) {
      world.run([&](Communicator& comm) {
        at[static_cast<std::size_t>(comm.rank())] = comm.traffic().total();
      });
    };
    note(before);
    run(world, implementation, buffers);
    note(after);
    for (std::size_t rank = 0; rank < 4; ++rank) {
      EXPECT_EQ(after[rank] - before[rank], 384U) << algorithm;
      EXPECT_EQ(wire_bytes(Collective::all_reduce, Bytes(256), 4).count(), 384);
    }
  }
}

std::vector<std::vector<std::byte>> results(const std::vector<std::unique_ptr<RankBuffers>>& all) {
  std::vector<std::vector<std::byte>> out;
  for (const auto& rank : all) {
    out.emplace_back(rank->call().out.begin(), rank->call().out.end());
  }
  return out;
}

// Sums in floating point depend on their order; every rank has the same one, and so has every run.
TEST(CollectiveOrder, GivesTheSameBitsOnAllRanksAndInAllRuns) {
  for (const int ranks : {3, 8}) {
    ThreadWorld world(ranks);
    for (const CollectiveImplementation& i : collective_implementations()) {
      if (i.kind != Collective::all_reduce || !i.algorithm) continue;
      for (const ElementType type : {ElementType::fp32, ElementType::bf16}) {
        const CollectiveProblem problem = problem_of(i, ranks, 777, type);
        const auto first = buffers_for(problem, false), second = buffers_for(problem, true);
        run(world, i, first);
        run(world, i, second);
        const auto one = results(first), two = results(second);
        for (std::size_t rank = 1; rank < one.size(); ++rank) {
          EXPECT_EQ(one[rank], one[0]) << label(i, problem, false);
        }
        EXPECT_EQ(one, two) << label(i, problem, true);
      }
    }
  }
}

// Ranks that share cores work in larger pieces. 3 ranks, 1.6 MB: two pieces per chunk, or one.
TEST(CollectiveOrder, DoesNotDependOnPieces) {
  ThreadWorld roomy(3, 16), crowded(3, 1);
  for (const CollectiveImplementation& i : collective_implementations()) {
    if (!combines(i.kind) || !i.algorithm) continue;
    const CollectiveProblem problem = problem_of(i, 3, 400'001);
    const auto one = buffers_for(problem, false), two = buffers_for(problem, false);
    run(roomy, i, one);
    run(crowded, i, two);
    EXPECT_EQ(results(one), results(two)) << label(i, problem, false);
  }
}

// 1 + 2^-24 rounds to 1 in fp32, 2^-24 + 2^-24 does not vanish: by rank the sum of {1, e, e} is 1,
// from the right it would be 1 + 2^-23.
TEST(CollectiveOrder, OfTheDirectAlgorithmsIsByRank) {
  const float e = 0x1p-24F;
  for (const char* algorithm : {"one_shot", "two_shot"}) {
    std::vector<float> in = {1, e, e}, out(3);
    ThreadWorld world(3);
    world.run([&](Communicator& comm) {
      const auto rank = static_cast<std::size_t>(comm.rank());
      const CollectiveCall call{.in = std::as_bytes(std::span(in).subspan(rank, 1)),
                                .out = std::as_writable_bytes(std::span(out).subspan(rank, 1)),
                                .send_bytes = {},
                                .receive_bytes = {}};
      collective_implementation(Collective::all_reduce, algorithm, "test").run(comm, call);
    });
    EXPECT_EQ(out, (std::vector<float>{1, 1, 1})) << algorithm;
  }
}

TEST(CollectiveList, NamesAreUniqueAndUnknownOnesAreErrors) {
  std::set<std::string> seen;
  for (const CollectiveImplementation& i : collective_implementations()) {
    EXPECT_TRUE(seen.insert(std::string(name(i.kind)) + "/" + i.name()).second) << i.name();
    EXPECT_EQ(combines(i.kind), !i.order.empty()) << i.name();
  }
  EXPECT_EQ(seen.size(), collective_implementations().size());
  EXPECT_THROW(collective("all_reduced", "--op"), Error);
  EXPECT_THROW(collective_implementation(Collective::all_reduce, "rings", "--algorithm"), Error);
  EXPECT_THROW(element_type("fp33", "--dtype"), Error);
  EXPECT_THROW(reduction("prod", "--redop"), Error);
}

}  // namespace
}  // namespace inferbench

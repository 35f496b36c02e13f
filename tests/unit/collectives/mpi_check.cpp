// Started by mpirun: every collective over MPI processes is right, moves the bytes that
// kernels/shapes says, and gives the bits that it gives among threads. Exit code 1 and a line for
// each that is not.
#include <cstring>
#include <iostream>
#include <memory>

#include "kernels/collectives/mpi_world.hpp"
#include "kernels/collectives/problem.hpp"
#include "kernels/collectives/thread_world.hpp"

namespace inferbench {
namespace {

struct Case {
  const CollectiveImplementation* implementation = nullptr;
  CollectiveProblem problem;
  bool in_place = false;
};

std::vector<Case> cases(int ranks) {
  std::vector<Case> all;
  const auto add = [&](const CollectiveImplementation& i, std::size_t count, ElementType type,
                       Reduction reduction) {
    if (!supports(i, ranks, type, reduction, true).ok) return;
    for (const bool in_place : {false, true}) {
      if (in_place && i.kind == Collective::all_to_all_v) continue;
      all.push_back(
          {&i,
           CollectiveProblem::shaped({.kind = i.kind,
                                      .ranks = ranks,
                                      .count = count,
                                      .type = type,
                                      .reduction = reduction,
                                      .root = ranks / 2,
                                      .ping_pong = i.algorithm == CollectiveAlgorithm::ping_pong}),
           in_place});
    }
  };
  for (const CollectiveImplementation& i : collective_implementations()) {
    for (const std::size_t count : {0U, 1U, 17U, 1001U, 40'001U}) {
      add(i, count, ElementType::fp32, Reduction::sum);
    }
    add(i, 501, ElementType::bf16, Reduction::average);
    add(i, 501, ElementType::int32, Reduction::max);
    add(i, 501, ElementType::bytes, Reduction::min);
  }
  return all;
}

std::vector<std::byte> among_threads(const Case& c, int rank) {
  ThreadWorld world(c.problem.ranks);
  std::vector<std::unique_ptr<RankBuffers>> buffers;
  for (int r = 0; r < c.problem.ranks; ++r) {
    buffers.push_back(std::make_unique<RankBuffers>(c.problem, r, c.in_place));
    buffers.back()->prepare();
  }
  world.run([&](Communicator& comm) {
    c.implementation->run(comm, buffers[static_cast<std::size_t>(comm.rank())]->call());
  });
  const ByteSpan out = buffers[static_cast<std::size_t>(rank)]->call().out;
  return {out.begin(), out.end()};
}

std::uint64_t sum_over_ranks(Communicator& comm, std::uint64_t own) {
  std::vector<std::uint64_t> all(static_cast<std::size_t>(comm.size()));
  CollectiveCall call;
  call.in = std::as_bytes(std::span(&own, 1));
  call.out = std::as_writable_bytes(std::span(all));
  call.type = ElementType::bytes;
  collective_implementation(Collective::all_gather, "direct", "check").run(comm, call);
  return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

std::string what_is_wrong(Communicator& comm, const Case& c) {
  RankBuffers buffers(c.problem, comm.rank(), c.in_place);
  buffers.prepare();
  const std::uint64_t before = comm.traffic().total();
  c.implementation->run(comm, buffers.call());
  const std::uint64_t moved = sum_over_ranks(comm, comm.traffic().total() - before);
  if (!buffers.verify().pass()) return "wrong results";
  if (!c.implementation->algorithm) return "";
  const auto message = Bytes(static_cast<double>(c.problem.total_bytes()));
  const double formula =
      total_wire_bytes(c.problem.kind, *c.implementation->algorithm, message, comm.size()).count();
  if (static_cast<double>(moved) != formula) return "moved " + std::to_string(moved) + " bytes";
  const ByteView out = buffers.call().out;
  const std::vector<std::byte> threads = among_threads(c, comm.rank());
  if (!std::equal(out.begin(), out.end(), threads.begin(), threads.end())) {
    return "other bits than among threads";
  }
  return "";
}

int check_all() {
  MpiWorld world;
  int failures = 0;
  for (const Case& c : cases(world.size())) {
    const std::string wrong = what_is_wrong(world.communicator(), c);
    if (wrong.empty()) continue;
    ++failures;
    std::cerr << name(c.problem.kind) << "/" << c.implementation->name() << " count "
              << c.problem.count << (c.in_place ? " in place" : "") << " rank " << world.rank()
              << ": " << wrong << "\n";
  }
  if (world.rank() == 0 && failures == 0) {
    std::cout << cases(world.size()).size() << " collectives over " << world.size()
              << " processes: right\n";
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace inferbench

int main() {
  return inferbench::check_all();
}

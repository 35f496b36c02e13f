#pragma once

#include <cstdint>

#include "kernels/collectives/collectives.hpp"
#include "kernels/cpu/buffer.hpp"

namespace inferbench {

// One collective on drawn inputs, the same on every rank: what each one holds before and after it
// follows from the seed, so ranks on different hosts check themselves.
struct CollectiveProblem {
  Collective kind = Collective::all_reduce;
  int ranks = 1;
  std::size_t count = 0;  // elements of the message, as CollectiveCall's n; see shaped()
  ElementType type = ElementType::fp32;
  Reduction reduction = Reduction::sum;
  int root = 0;
  bool ping_pong = false;  // send_receive between the first and the last rank
  std::uint64_t seed = 1;

  // With `count` elements or a few less: a whole number of blocks for collectives on blocks.
  static CollectiveProblem shaped(CollectiveProblem wanted);

  std::size_t message_bytes() const { return count * size_of(type); }
  std::size_t in_elements(int rank) const;   // 0 where a rank brings nothing
  std::size_t out_elements(int rank) const;  // 0 where it receives nothing

  // Elements of the block that `from` has for `to`, of all_to_all_v: 0 to twice the mean.
  std::size_t block(int from, int to) const;

  // What wire_bytes() and total_wire_bytes() call the message: the most that a rank has for others,
  // and what all have, for all_to_all_v; else message_bytes() for both.
  std::size_t busiest_bytes() const;
  std::size_t total_bytes() const;

  // The element as a number: in [-1, 1) for floats, rounded to the type.
  double input(int rank, std::size_t index) const;

  struct Expected {
    double value = 0;
    double tolerance = 0;  // absolute; 0: exact
  };
  Expected expected(int rank, std::size_t index) const;
};

// The buffers of one rank, between guards.
class RankBuffers {
 public:
  // Out of place, or both in one.
  RankBuffers(const CollectiveProblem& problem, int rank, bool in_place);

  void prepare();  // draws the inputs and poisons what the collective has to write
  const CollectiveCall& call() const { return call_; }

  struct Result {
    std::uint64_t compared = 0, wrong = 0;  // elements
    double worst = 0;                       // error over the largest that is right, 0 when exact
    bool guards_intact = true;

    bool pass() const { return wrong == 0 && guards_intact; }
  };
  // Compares all elements of the result, or about `most` of them, spread over it, and its end.
  Result verify(std::size_t most = std::size_t{1} << 20U) const;

 private:
  CollectiveProblem problem_;
  int rank_;
  Buffer<std::byte> in_memory_, out_memory_;
  CollectiveCall call_;
};

}  // namespace inferbench

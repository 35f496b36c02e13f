#pragma once

#include <string_view>

#include "harness/base/units.hpp"

namespace inferbench {

enum class Collective {
  all_reduce,
  all_gather,
  reduce_scatter,
  all_to_all,
  send_receive,
  all_to_all_v,  // blocks of different sizes
  broadcast,
  reduce,
};

std::string_view name(Collective kind);  // "all_reduce", ...

// Bytes that one rank sends (and receives) under a bandwidth-optimal algorithm.
//
//   message         what `message` counts                       bytes sent per rank
//   all_reduce      the vector every rank holds                 2 (N-1)/N * message
//   all_gather      the gathered vector                         (N-1)/N * message
//   reduce_scatter  the vector before it is scattered           (N-1)/N * message
//   all_to_all      what a rank has for all ranks, itself too   (N-1)/N * message
//   all_to_all_v    the most that a rank has for the others     message
//   send_receive    the message                                 message
//   broadcast       the vector                                  message (a chain of ranks)
//   reduce          the vector every rank holds                 message (a chain of ranks)
//
// Zero for a group of one. Source: nccl-tests, doc/PERFORMANCE.md.
Bytes wire_bytes(Collective kind, Bytes message, double ranks);

// busbw / algbw, the factor that makes a measured algbw (message / time) comparable to link peak;
// equal to wire_bytes / message.
double bus_bandwidth_factor(Collective kind, double ranks);

// An all-reduce that the switch performs (NVLS): a rank sends its vector once and receives the sum
// once, whatever the group's size.
Bytes in_network_wire_bytes(Bytes message);

// How a collective is done. What each one sends is below, how it works in kernels/collectives.
enum class CollectiveAlgorithm {
  direct,            // every rank reads what it needs where it lies
  one_shot,          // all-reduce: every rank reads all vectors and adds them up
  two_shot,          // all-reduce: a share of the sums each, then everyone gets all shares
  ring,              // neighbour to neighbour
  halving_doubling,  // reduce-scatter by recursive halving, all-gather by recursive doubling
  tree,              // binomial
  ring_shift,        // send_receive: everyone to the next rank
  ping_pong,         // send_receive: from the first rank to the last and back
};

std::string_view name(CollectiveAlgorithm algorithm);  // "two_shot", ...

// Bytes that all ranks together send, whatever the split of the vector: a ring's chunks, say, may
// differ in size. `message` as above, a whole number of blocks; for all_to_all_v what all ranks
// have for others. With ranks and blocks of equal size, all_reduce sends `ranks` times wire_bytes()
// except one_shot, where everyone receives N-1 vectors.
Bytes total_wire_bytes(Collective kind, CollectiveAlgorithm algorithm, Bytes message, double ranks);

// Bytes read and written by all ranks together when they share memory and an addition reads both of
// its operands where they lie: what a traffic model multiplies with a measured copy rate. Out of
// place. all_to_all_v as all_to_all.
Bytes shared_memory_bytes(Collective kind, CollectiveAlgorithm algorithm, Bytes message,
                          double ranks);

}  // namespace inferbench

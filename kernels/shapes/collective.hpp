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
};

std::string_view name(Collective kind);  // "all_reduce", ...

// Bytes that one rank sends (and receives) under a bandwidth-optimal algorithm.
//
//   message         what `message` counts                       bytes sent per rank
//   all_reduce      the vector every rank holds                 2 (N-1)/N * message
//   all_gather      the gathered vector                         (N-1)/N * message
//   reduce_scatter  the vector before it is scattered           (N-1)/N * message
//   all_to_all      what a rank has for all ranks, itself too   (N-1)/N * message
//   send_receive    the message                                 message
//
// Zero for a group of one. Source: nccl-tests, doc/PERFORMANCE.md.
Bytes wire_bytes(Collective kind, Bytes message, double ranks);

// busbw / algbw, the factor that makes a measured algbw (message / time) comparable to link peak;
// equal to wire_bytes / message.
double bus_bandwidth_factor(Collective kind, double ranks);

// An all-reduce that the switch performs (NVLS): a rank sends its vector once and receives the sum
// once, whatever the group's size.
Bytes in_network_wire_bytes(Bytes message);

}  // namespace inferbench

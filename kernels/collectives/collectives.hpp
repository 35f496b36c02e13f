#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/collectives/communicator.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/shapes/collective.hpp"

namespace inferbench {

// What one rank brings to a collective. Sizes of `in` and `out`, for N ranks:
//
//   all_reduce      n, n
//   all_gather      n/N, n           in place: `in` is block `rank` of `out`
//   reduce_scatter  n, n/N           in place: `out` is block `rank` of `in`
//   all_to_all      n, n             block i goes to rank i, and comes from rank i
//   all_to_all_v    the blocks of send_bytes and of receive_bytes, one after another
//   broadcast       n at the root, n
//   reduce          n, n at the root
//   send_receive    n, n             to the next rank, from the one before; ping_pong: the first
//                                    and the last rank
//
// In place `in` and `out` begin at the same byte, where nothing else is said; all_to_all_v is out
// of place. n of what is combined is a whole number of elements.
struct CollectiveCall {
  ByteView in;
  ByteSpan out;
  ElementType type = ElementType::fp32;
  Reduction reduction = Reduction::sum;
  int root = 0;
  std::vector<std::size_t> send_bytes, receive_bytes;  // of all_to_all_v: by rank

  bool in_place() const {
    return !in.empty() && !out.empty() && in.data() < out.data() + out.size() &&
           out.data() < in.data() + in.size();
  }
};

// One way to do a collective. It runs over any transport; every rank calls it.
struct CollectiveImplementation {
  Collective kind;
  std::optional<CollectiveAlgorithm> algorithm;  // nullopt: the library's own choice
  std::string provider;                          // "own", or the library
  std::string order;  // in which elements are combined; empty where none are
  void (*run)(Communicator&, const CollectiveCall&) = nullptr;

  std::string name() const;  // of the algorithm, or the library's: unique within the kind
};

// Every implementation, those to prefer first within a kind.
const std::vector<CollectiveImplementation>& collective_implementations();

// By name; throw Error with the nearest names for one that does not exist.
Collective collective(std::string_view name, const std::string& place);
const CollectiveImplementation& collective_implementation(Collective kind, std::string_view name,
                                                          const std::string& place);

// All kinds that have implementations.
const std::vector<Collective>& collectives();

// Are elements combined, or only moved?
bool combines(Collective kind);

// Can it run over `ranks`, on what it is given? `library`: the transport brings collectives of its
// own.
Support supports(const CollectiveImplementation& implementation, int ranks, ElementType type,
                 Reduction reduction, bool library);

}  // namespace inferbench

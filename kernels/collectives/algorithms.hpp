#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/collectives/collectives.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// The algorithms, one function per row of collective_implementations().
void all_reduce_one_shot(Communicator& comm, const CollectiveCall& call);
void all_reduce_two_shot(Communicator& comm, const CollectiveCall& call);
void all_reduce_ring(Communicator& comm, const CollectiveCall& call);
void all_reduce_halving_doubling(Communicator& comm, const CollectiveCall& call);
void all_reduce_tree(Communicator& comm, const CollectiveCall& call);
void all_gather_direct(Communicator& comm, const CollectiveCall& call);
void all_gather_ring(Communicator& comm, const CollectiveCall& call);
void reduce_scatter_direct(Communicator& comm, const CollectiveCall& call);
void reduce_scatter_ring(Communicator& comm, const CollectiveCall& call);
void all_to_all_direct(Communicator& comm, const CollectiveCall& call);
void all_to_all_v_direct(Communicator& comm, const CollectiveCall& call);
void broadcast_direct(Communicator& comm, const CollectiveCall& call);
void broadcast_tree(Communicator& comm, const CollectiveCall& call);
void broadcast_ring(Communicator& comm, const CollectiveCall& call);
void reduce_direct(Communicator& comm, const CollectiveCall& call);
void reduce_tree(Communicator& comm, const CollectiveCall& call);
void send_receive_ring_shift(Communicator& comm, const CollectiveCall& call);
void send_receive_ping_pong(Communicator& comm, const CollectiveCall& call);

// Part `index` of `bytes`, cut at cache lines so that two ranks never write the same one.
struct Part {
  std::size_t at = 0, bytes = 0;
};
inline Part part_of(std::size_t bytes, int index, int parts) {
  constexpr std::size_t kLine = 64;
  const Range lines = share(static_cast<std::int64_t>((bytes + kLine - 1) / kLine),
                            static_cast<unsigned>(index), static_cast<unsigned>(parts));
  const std::size_t begin = std::min(bytes, static_cast<std::size_t>(lines.begin) * kLine);
  const std::size_t end = std::min(bytes, static_cast<std::size_t>(lines.end) * kLine);
  return {begin, end - begin};
}

// Calls body(part) for pieces of `piece` bytes one after another.
template <class Body>
void for_pieces(std::size_t bytes, std::size_t piece, const Body& body) {
  for (std::size_t at = 0; at < bytes; at += piece) body(Part{at, std::min(piece, bytes - at)});
}

// The rank `steps` further around the ring.
inline int neighbour(const Communicator& comm, int steps) {
  return ((comm.rank() + steps) % comm.size() + comm.size()) % comm.size();
}

inline Combination partial(const CollectiveCall& call) {
  return {.type = call.type, .reduction = call.reduction, .divisor = 1};
}
// The combination that completes a result.
inline Combination final_of(const CollectiveCall& call, int ranks) {
  return {.type = call.type,
          .reduction = call.reduction,
          .divisor = call.reduction == Reduction::average ? ranks : 1};
}

// Results of a rank from this size on are written past its caches: they would only push out what
// others still have to read.
inline constexpr std::size_t kPastCaches = std::size_t{4} << 20U;

inline void copy_bytes(std::byte* to, const std::byte* from, std::size_t bytes, bool past_caches) {
  if (bytes == 0 || to == from) return;
  past_caches ? copy_past_caches(to, from, bytes) : static_cast<void>(std::memcpy(to, from, bytes));
}

// Combines the same bytes of `terms`, in order, piece by piece through the L1 cache, and hands
// every piece to `deliver(piece, at, bytes)`.
template <class Deliver>
void combine_through_tile(std::span<const std::byte* const> terms, std::size_t bytes,
                          const Combination& how, const Deliver& deliver) {
  constexpr std::size_t kTile = 8192;
  alignas(64) std::byte tile[kTile];
  std::vector<const std::byte*> at(terms.begin(), terms.end());
  for_pieces(bytes, kTile, [&](Part part) {
    combine(tile, at, part.bytes / size_of(how.type), how);
    deliver(static_cast<const std::byte*>(tile), part.at, part.bytes);
    for (const std::byte*& term : at) term += part.bytes;
  });
}

// Sends block_to(q) to every other rank q and receives block_from(q) from it, pair by pair.
template <class To, class From>
void exchange_all(Communicator& comm, const To& block_to, const From& block_from) {
  for (int step = 1; step < comm.size(); ++step) {
    const int to = neighbour(comm, step), from = neighbour(comm, -step);
    comm.exchange(to, block_to(to), from, block_from(from));
  }
}

}  // namespace inferbench

#include <bit>

#include "kernels/collectives/algorithms.hpp"

namespace inferbench {
namespace {

// A vector that is there already: one rank, or none of the work left.
void keep(const CollectiveCall& call) {
  copy_bytes(call.out.data(), call.in.data(), call.in.size(), false);
}

std::vector<const std::byte*> exposed_inputs(const Communicator& comm, std::size_t at) {
  std::vector<const std::byte*> terms;
  terms.reserve(static_cast<std::size_t>(comm.size()));
  for (int rank = 0; rank < comm.size(); ++rank) terms.push_back(comm.exposed(rank).in + at);
  return terms;
}

// What `comm` received from all others at `bytes` a piece in `received`, with its own, by rank.
std::vector<const std::byte*> by_rank(const Communicator& comm, const std::byte* received,
                                      std::size_t bytes, const std::byte* own) {
  std::vector<const std::byte*> terms;
  terms.reserve(static_cast<std::size_t>(comm.size()));
  for (int rank = 0; rank < comm.size(); ++rank) {
    terms.push_back(rank == comm.rank() ? own : received + static_cast<std::size_t>(rank) * bytes);
  }
  return terms;
}

void one_shot_in_shared_memory(Communicator& comm, const CollectiveCall& call) {
  const std::size_t bytes = call.in.size();
  // In place, others still read what the result would replace.
  std::byte* result = call.in_place() ? comm.scratch(bytes) : call.out.data();
  comm.expose({.in = call.in.data(), .out = call.out.data()});
  combine(result, exposed_inputs(comm, 0), bytes / size_of(call.type), final_of(call, comm.size()));
  for (int rank = 0; rank < comm.size(); ++rank) comm.count_pulled(rank, bytes);
  comm.conceal();
  copy_bytes(call.out.data(), result, bytes, false);
}

void two_shot_in_shared_memory(Communicator& comm, const CollectiveCall& call) {
  const Part mine = part_of(call.in.size(), comm.rank(), comm.size());
  const bool past_caches = !call.in_place() && call.in.size() >= kPastCaches;
  comm.expose({.in = call.in.data(), .out = call.out.data()});
  combine_through_tile(exposed_inputs(comm, mine.at), mine.bytes, final_of(call, comm.size()),
                       [&](const std::byte* tile, std::size_t at, std::size_t bytes) {
                         for (int step = 0; step < comm.size(); ++step) {
                           const int to = neighbour(comm, step);
                           copy_bytes(comm.exposed(to).out + mine.at + at, tile, bytes,
                                      past_caches);
                         }
                       });
  for (int rank = 0; rank < comm.size(); ++rank) {
    comm.count_pulled(rank, mine.bytes);
    comm.count_pushed(rank, mine.bytes);
  }
  comm.conceal();
}

// Halving and doubling work on a power of two of ranks. The others' vectors are added to those of
// their partners before, and they receive the result after.
struct Folding {
  explicit Folding(const Communicator& comm)
      : active(static_cast<int>(std::bit_floor(static_cast<unsigned>(comm.size())))),
        extra(comm.size() - active),
        folded(comm.rank() < 2 * extra),
        resting(folded && comm.rank() % 2 == 1),
        index(folded ? comm.rank() / 2 : comm.rank() - extra) {}

  int rank_of(int at) const { return at < extra ? 2 * at : at + extra; }

  int active, extra;
  bool folded;   // has a partner: an even rank with the odd one that follows
  bool resting;  // the odd one
  int index;     // among the active ranks
};

// Parts [begin, end) of `active` ones, as bytes.
Part parts_of(std::size_t bytes, int begin, int end, int active) {
  const Part first = part_of(bytes, begin, active), last = part_of(bytes, end - 1, active);
  return {first.at, last.at + last.bytes - first.at};
}

void recursive_halving(Communicator& comm, const Folding& fold, const CollectiveCall& call,
                       const std::byte* source) {
  int begin = 0, end = fold.active;
  for (int distance = fold.active / 2; distance >= 1; distance /= 2) {
    const int partner = fold.rank_of(fold.index ^ distance), middle = (begin + end) / 2;
    const bool lower = (fold.index & distance) == 0;
    const Part kept = lower ? parts_of(call.in.size(), begin, middle, fold.active)
                            : parts_of(call.in.size(), middle, end, fold.active);
    const Part given = lower ? parts_of(call.in.size(), middle, end, fold.active)
                             : parts_of(call.in.size(), begin, middle, fold.active);
    comm.exchange_combine(partner, {source + given.at, given.bytes}, partner, source + kept.at,
                          call.out.subspan(kept.at, kept.bytes),
                          distance == 1 ? final_of(call, comm.size()) : partial(call));
    (lower ? end : begin) = middle;
    source = call.out.data();
  }
}

void recursive_doubling(Communicator& comm, const Folding& fold, const CollectiveCall& call) {
  for (int distance = 1; distance < fold.active; distance *= 2) {
    const int partner = fold.rank_of(fold.index ^ distance);
    const int own = fold.index / distance * distance, other = own ^ distance;
    const Part have = parts_of(call.in.size(), own, own + distance, fold.active);
    const Part want = parts_of(call.in.size(), other, other + distance, fold.active);
    comm.exchange(partner, call.out.subspan(have.at, have.bytes), partner,
                  call.out.subspan(want.at, want.bytes));
  }
}

void halve_and_double(Communicator& comm, const CollectiveCall& call) {
  const Folding fold(comm);
  if (fold.resting) {
    comm.send(comm.rank() - 1, call.in);
    comm.receive(comm.rank() - 1, call.out);
    return;
  }
  const std::byte* source = call.in.data();
  if (fold.folded) {
    comm.exchange_combine(comm.rank(), {}, comm.rank() + 1, source, call.out, partial(call));
    source = call.out.data();
  }
  recursive_halving(comm, fold, call, source);
  recursive_doubling(comm, fold, call);
  if (fold.folded) comm.send(comm.rank() + 1, call.out);
}

// Bytes [at, at + most) of every chunk, once around to add up and once to pass on the sums. Chunks
// are those of the whole vector, so the order of sums does not depend on the size of pieces.
void ring(Communicator& comm, const CollectiveCall& call, std::size_t at, std::size_t most) {
  const int next = neighbour(comm, 1), before = neighbour(comm, -1), ranks = comm.size();
  const auto piece = [&](int steps) {
    const Part chunk = part_of(call.in.size(), neighbour(comm, steps), ranks);
    const std::size_t from = std::min(at, chunk.bytes);
    return Part{chunk.at + from, std::min(most, chunk.bytes - from)};
  };
  const std::byte* source = call.in.data();
  for (int step = 0; step < ranks - 1; ++step) {
    const Part given = piece(-step), taken = piece(-step - 1);
    comm.exchange_combine(next, {source + given.at, given.bytes}, before, call.in.data() + taken.at,
                          call.out.subspan(taken.at, taken.bytes),
                          step == ranks - 2 ? final_of(call, ranks) : partial(call));
    source = call.out.data();
  }
  for (int step = 0; step < ranks - 1; ++step) {
    const Part given = piece(1 - step), taken = piece(-step);
    comm.exchange(next, call.out.subspan(given.at, given.bytes), before,
                  call.out.subspan(taken.at, taken.bytes));
  }
}

// The part of a call that is about [at, at + bytes) of its vectors.
CollectiveCall piece_of(const CollectiveCall& call, Part part) {
  CollectiveCall piece = call;
  piece.in = call.in.subspan(part.at, part.bytes);
  piece.out = call.out.subspan(part.at, part.bytes);
  return piece;
}

// A whole all-reduce of one piece after another, for algorithms that add up all elements in one
// order: what a step leaves in caches the next one reads
// there, and memory sees each vector once.
void in_pieces(Communicator& comm, const CollectiveCall& call,
               void (*body)(Communicator&, const CollectiveCall&)) {
  if (comm.size() == 1) return keep(call);
  const std::size_t piece = comm.piece_bytes() * static_cast<std::size_t>(comm.size());
  for_pieces(call.in.size(), piece, [&](Part part) { body(comm, piece_of(call, part)); });
}

}  // namespace

// Every rank adds up all vectors by itself: one round of messages.
void all_reduce_one_shot(Communicator& comm, const CollectiveCall& call) {
  if (comm.size() == 1 || call.in.empty()) return keep(call);
  if (comm.shares_memory()) return one_shot_in_shared_memory(comm, call);
  const std::size_t bytes = call.in.size();
  std::byte* received = comm.scratch(bytes * static_cast<std::size_t>(comm.size()));
  exchange_all(
      comm, [&](int) { return call.in; },
      [&](int from) { return ByteSpan(received + static_cast<std::size_t>(from) * bytes, bytes); });
  combine(call.out.data(), by_rank(comm, received, bytes, call.in.data()),
          bytes / size_of(call.type), final_of(call, comm.size()));
}

// Every rank adds up its share of all vectors, then all shares go to everyone.
void all_reduce_two_shot(Communicator& comm, const CollectiveCall& call) {
  if (comm.size() == 1 || call.in.empty()) return keep(call);
  if (comm.shares_memory()) return two_shot_in_shared_memory(comm, call);
  const auto share_of = [&](int rank) { return part_of(call.in.size(), rank, comm.size()); };
  const Part mine = share_of(comm.rank());
  std::byte* received = comm.scratch(mine.bytes * static_cast<std::size_t>(comm.size()));
  exchange_all(
      comm, [&](int to) { return call.in.subspan(share_of(to).at, share_of(to).bytes); },
      [&](int from) {
        return ByteSpan(received + static_cast<std::size_t>(from) * mine.bytes, mine.bytes);
      });
  combine(call.out.data() + mine.at, by_rank(comm, received, mine.bytes, call.in.data() + mine.at),
          mine.bytes / size_of(call.type), final_of(call, comm.size()));
  exchange_all(
      comm, [&](int) { return ByteView(call.out.subspan(mine.at, mine.bytes)); },
      [&](int from) { return call.out.subspan(share_of(from).at, share_of(from).bytes); });
}

// Source: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
// workstations", JPDC 2009.
void all_reduce_ring(Communicator& comm, const CollectiveCall& call) {
  if (comm.size() == 1) return keep(call);
  std::size_t largest = 0;
  for (int i = 0; i < comm.size(); ++i) {
    largest = std::max(largest, part_of(call.in.size(), i, comm.size()).bytes);
  }
  for (std::size_t at = 0; at < largest; at += comm.piece_bytes()) {
    ring(comm, call, at, comm.piece_bytes());
  }
}

// Source: Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in
// MPICH", IJHPCA 2005, sections 4.5 and 4.6.
void all_reduce_halving_doubling(Communicator& comm, const CollectiveCall& call) {
  in_pieces(comm, call, halve_and_double);
}

// A binomial tree to rank 0 and back; pieces follow each other through it.
void all_reduce_tree(Communicator& comm, const CollectiveCall& call) {
  in_pieces(comm, call, [](Communicator& group, const CollectiveCall& piece) {
    CollectiveCall down = piece;
    down.root = 0;
    reduce_tree(group, down);
    down.in = piece.out;
    broadcast_tree(group, down);
  });
}

}  // namespace inferbench

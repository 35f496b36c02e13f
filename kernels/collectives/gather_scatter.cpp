// Collectives on blocks, one per rank: all_gather, reduce_scatter, all_to_all and all_to_all_v.
#include "kernels/collectives/algorithms.hpp"

namespace inferbench {
namespace {

constexpr std::size_t index(int rank) {
  return static_cast<std::size_t>(rank);
}

// Block `rank` of all blocks of equal size.
template <class T>
std::span<T> block_of(std::span<T> all, int rank, std::size_t bytes) {
  return all.subspan(index(rank) * bytes, bytes);
}

// Copies the block that each rank has for this one: offset(q) in what q exposed, bytes(q) of it.
template <class Offset, class Size>
void pull_blocks(Communicator& comm, std::byte* out, const Offset& offset, const Size& size,
                 bool past_caches, std::span<const std::size_t> out_at) {
  for (int step = 0; step < comm.size(); ++step) {
    const int from = neighbour(comm, step);
    copy_bytes(out + out_at[index(from)], comm.exposed(from).in + offset(from), size(from),
               past_caches);
    comm.count_pulled(from, size(from));
  }
}

std::vector<std::size_t> offsets(std::span<const std::size_t> sizes) {
  std::vector<std::size_t> at(sizes.size());
  for (std::size_t i = 1; i < sizes.size(); ++i) at[i] = at[i - 1] + sizes[i - 1];
  return at;
}

std::vector<std::size_t> even_offsets(int ranks, std::size_t bytes) {
  return offsets(std::vector<std::size_t>(index(ranks), bytes));
}

// Two ranks' blocks for each other change places: each of the two swaps one half of them.
void swap_blocks(Communicator& comm, std::size_t bytes) {
  constexpr std::size_t kTile = 8192;
  alignas(64) std::byte tile[kTile];
  for (int step = 1; step < comm.size(); ++step) {
    const int other = neighbour(comm, step);
    const Part half = part_of(bytes, comm.rank() < other ? 0 : 1, 2);
    std::byte* own = comm.exposed(comm.rank()).out + index(other) * bytes + half.at;
    std::byte* theirs = comm.exposed(other).out + index(comm.rank()) * bytes + half.at;
    for_pieces(half.bytes, kTile, [&](Part part) {
      std::memcpy(tile, own + part.at, part.bytes);
      std::memcpy(own + part.at, theirs + part.at, part.bytes);
      std::memcpy(theirs + part.at, tile, part.bytes);
    });
    comm.count_pulled(other, half.bytes);
    comm.count_pushed(other, half.bytes);
  }
}

void reduce_scatter_in_shared_memory(Communicator& comm, const CollectiveCall& call) {
  comm.expose({.in = call.in.data(), .out = call.out.data()});
  std::vector<const std::byte*> terms;
  terms.reserve(index(comm.size()));
  for (int rank = 0; rank < comm.size(); ++rank) {
    terms.push_back(comm.exposed(rank).in + index(comm.rank()) * call.out.size());
    comm.count_pulled(rank, call.out.size());
  }
  const Combination how = final_of(call, comm.size());
  if (call.in_place() || call.out.size() < kPastCaches) {
    combine(call.out.data(), terms, call.out.size() / size_of(call.type), how);
  } else {
    combine_through_tile(terms, call.out.size(), how,
                         [&](const std::byte* tile, std::size_t at, std::size_t bytes) {
                           copy_past_caches(call.out.data() + at, tile, bytes);
                         });
  }
  comm.conceal();
}

// One piece of every block: `at` within the block.
void ring_of_pieces(Communicator& comm, const CollectiveCall& call, Part piece) {
  const int next = neighbour(comm, 1), before = neighbour(comm, -1), ranks = comm.size();
  const auto own = [&](int steps) {
    return call.in.data() + index(neighbour(comm, steps)) * call.out.size() + piece.at;
  };
  // What arrives in one step leaves in the next, from the other half.
  std::byte* halves = comm.scratch(2 * piece.bytes);
  const std::byte* given = own(-1);
  for (int step = 0; step < ranks - 1; ++step) {
    const bool last = step == ranks - 2;
    std::byte* taken = last ? call.out.data() + piece.at : halves + index(step % 2) * piece.bytes;
    comm.exchange_combine(next, {given, piece.bytes}, before, own(-step - 2), {taken, piece.bytes},
                          last ? final_of(call, ranks) : partial(call));
    given = taken;
  }
}

}  // namespace

void all_gather_direct(Communicator& comm, const CollectiveCall& call) {
  const std::size_t bytes = call.in.size();
  if (comm.shares_memory() && comm.size() > 1) {
    comm.expose({.in = call.in.data(), .out = call.out.data()});
    pull_blocks(
        comm, call.out.data(), [](int) { return std::size_t{0}; }, [&](int) { return bytes; },
        call.out.size() >= kPastCaches, even_offsets(comm.size(), bytes));
    return comm.conceal();
  }
  copy_bytes(block_of(call.out, comm.rank(), bytes).data(), call.in.data(), bytes, false);
  exchange_all(
      comm, [&](int) { return call.in; },
      [&](int from) { return block_of(call.out, from, bytes); });
}

void all_gather_ring(Communicator& comm, const CollectiveCall& call) {
  const std::size_t bytes = call.in.size();
  copy_bytes(block_of(call.out, comm.rank(), bytes).data(), call.in.data(), bytes, false);
  for_pieces(bytes, comm.piece_bytes(), [&](Part part) {
    for (int step = 0; step < comm.size() - 1; ++step) {
      const auto block = [&](int steps) {
        return block_of(call.out, neighbour(comm, steps), bytes).subspan(part.at, part.bytes);
      };
      comm.exchange(neighbour(comm, 1), block(-step), neighbour(comm, -1), block(-step - 1));
    }
  });
}

void reduce_scatter_direct(Communicator& comm, const CollectiveCall& call) {
  const std::size_t bytes = call.out.size();
  if (comm.size() == 1) return copy_bytes(call.out.data(), call.in.data(), bytes, false);
  if (comm.shares_memory()) return reduce_scatter_in_shared_memory(comm, call);
  std::byte* received = comm.scratch(call.in.size());
  exchange_all(
      comm, [&](int to) { return block_of(call.in, to, bytes); },
      [&](int from) { return ByteSpan(received + index(from) * bytes, bytes); });
  std::vector<const std::byte*> terms;
  terms.reserve(index(comm.size()));
  for (int rank = 0; rank < comm.size(); ++rank) {
    terms.push_back(rank == comm.rank() ? block_of(call.in, rank, bytes).data()
                                        : received + index(rank) * bytes);
  }
  combine(call.out.data(), terms, bytes / size_of(call.type), final_of(call, comm.size()));
}

void reduce_scatter_ring(Communicator& comm, const CollectiveCall& call) {
  const std::size_t bytes = call.out.size();
  if (comm.size() == 1) return copy_bytes(call.out.data(), call.in.data(), bytes, false);
  for_pieces(bytes, comm.piece_bytes(), [&](Part part) { ring_of_pieces(comm, call, part); });
}

void all_to_all_direct(Communicator& comm, const CollectiveCall& call) {
  const std::size_t bytes = call.in.size() / index(comm.size());
  if (comm.shares_memory() && comm.size() > 1) {
    comm.expose({.in = call.in.data(), .out = call.out.data()});
    if (call.in_place()) {
      swap_blocks(comm, bytes);
    } else {
      pull_blocks(
          comm, call.out.data(), [&](int) { return index(comm.rank()) * bytes; },
          [&](int) { return bytes; }, call.out.size() >= kPastCaches,
          even_offsets(comm.size(), bytes));
    }
    return comm.conceal();
  }
  ByteView in = call.in;
  if (call.in_place()) {
    std::byte* kept = comm.scratch(in.size());
    copy_bytes(kept, in.data(), in.size(), false);
    in = {kept, in.size()};
  } else {
    copy_bytes(block_of(call.out, comm.rank(), bytes).data(),
               block_of(in, comm.rank(), bytes).data(), bytes, false);
  }
  exchange_all(
      comm, [&](int to) { return block_of(in, to, bytes); },
      [&](int from) { return block_of(call.out, from, bytes); });
}

void all_to_all_v_direct(Communicator& comm, const CollectiveCall& call) {
  const std::vector<std::size_t> in_at = offsets(call.send_bytes);
  const std::vector<std::size_t> out_at = offsets(call.receive_bytes);
  if (comm.shares_memory() && comm.size() > 1) {
    comm.expose({.in = call.in.data(), .out = call.out.data(), .offsets = in_at.data()});
    pull_blocks(
        comm, call.out.data(),
        [&](int from) { return comm.exposed(from).offsets[index(comm.rank())]; },
        [&](int from) { return call.receive_bytes[index(from)]; }, call.out.size() >= kPastCaches,
        out_at);
    return comm.conceal();
  }
  const std::size_t self = index(comm.rank());
  copy_bytes(call.out.data() + out_at[self], call.in.data() + in_at[self], call.send_bytes[self],
             false);
  exchange_all(
      comm, [&](int to) { return call.in.subspan(in_at[index(to)], call.send_bytes[index(to)]); },
      [&](int from) {
        return call.out.subspan(out_at[index(from)], call.receive_bytes[index(from)]);
      });
}

}  // namespace inferbench

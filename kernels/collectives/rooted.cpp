// Collectives with a root, and messages between two ranks.
#include "kernels/collectives/algorithms.hpp"

namespace inferbench {
namespace {

// The binomial tree over ranks counted from the root: the parent of i is i without its lowest bit,
// its children are i + 1, i + 2, i + 4 ... below that bit.
struct Tree {
  Tree(const Communicator& comm, int tree_root)
      : ranks(comm.size()),
        root(tree_root),
        place(((comm.rank() - tree_root) % ranks + ranks) % ranks),
        reach(place == 0 ? ranks : place & -place) {}

  bool is_root() const { return place == 0; }
  int parent() const { return rank_of(place - reach); }
  int rank_of(int at) const { return (at + root) % ranks; }

  int ranks, root, place;
  int reach;  // children are at distances below
};

void broadcast_piece(Communicator& comm, const Tree& tree, ByteSpan data) {
  if (!tree.is_root()) comm.receive(tree.parent(), data);
  int distance = 1;
  while (distance < tree.reach) distance *= 2;
  for (distance /= 2; distance >= 1; distance /= 2) {
    if (tree.place + distance < tree.ranks) comm.send(tree.rank_of(tree.place + distance), data);
  }
}

// `sum` holds what a rank has added up; unused by ranks without children.
void reduce_piece(Communicator& comm, const Tree& tree, const CollectiveCall& call, ByteView in,
                  ByteSpan sum) {
  const std::byte* own = in.data();
  for (int distance = 1; distance < tree.reach; distance *= 2) {
    if (tree.place + distance >= tree.ranks) break;
    const bool last = tree.is_root() && distance * 2 >= tree.ranks;
    comm.exchange_combine(comm.rank(), {}, tree.rank_of(tree.place + distance), own, sum,
                          last ? final_of(call, tree.ranks) : partial(call));
    own = sum.data();
  }
  if (!tree.is_root()) comm.send(tree.parent(), {own, in.size()});
}

void bring_to_root_out(const Communicator& comm, const CollectiveCall& call) {
  if (comm.rank() == call.root) {
    copy_bytes(call.out.data(), call.in.data(), call.out.size(), call.out.size() >= kPastCaches);
  }
}

}  // namespace

// Everyone reads the root's vector.
void broadcast_direct(Communicator& comm, const CollectiveCall& call) {
  const bool root = comm.rank() == call.root;
  if (comm.shares_memory() && comm.size() > 1) {
    comm.expose({.in = call.in.data(), .out = call.out.data()});
    copy_bytes(call.out.data(), comm.exposed(call.root).in, call.out.size(),
               call.out.size() >= kPastCaches);
    comm.count_pulled(call.root, call.out.size());
    return comm.conceal();
  }
  bring_to_root_out(comm, call);
  if (!root) return comm.receive(call.root, call.out);
  for (int step = 1; step < comm.size(); ++step) comm.send(neighbour(comm, step), call.out);
}

void broadcast_tree(Communicator& comm, const CollectiveCall& call) {
  bring_to_root_out(comm, call);
  const Tree tree(comm, call.root);
  for_pieces(call.out.size(), comm.piece_bytes(), [&](Part part) {
    broadcast_piece(comm, tree, call.out.subspan(part.at, part.bytes));
  });
}

// A chain from the root to the rank before it: a piece is passed on while the next one arrives.
void broadcast_ring(Communicator& comm, const CollectiveCall& call) {
  bring_to_root_out(comm, call);
  if (comm.size() == 1) return;
  const int next = neighbour(comm, 1), before = neighbour(comm, -1);
  const bool first = comm.rank() == call.root, last = next == call.root;
  ByteSpan held;
  for_pieces(call.out.size(), comm.piece_bytes(), [&](Part part) {
    const ByteSpan piece = call.out.subspan(part.at, part.bytes);
    if (first) return comm.send(next, piece);
    comm.exchange(next, last ? ByteView{} : held, before, piece);
    held = piece;
  });
  if (!first && !last) comm.send(next, held);
}

// The root adds up all vectors.
void reduce_direct(Communicator& comm, const CollectiveCall& call) {
  const bool root = comm.rank() == call.root;
  const std::size_t bytes = call.in.size();
  if (comm.size() == 1) return bring_to_root_out(comm, call);
  const bool shared = comm.shares_memory();
  std::vector<const std::byte*> terms;
  if (shared) comm.expose({.in = call.in.data(), .out = call.out.data()});
  if (!shared && !root) return comm.send(call.root, call.in);
  if (root) {
    std::byte* received =
        shared ? nullptr : comm.scratch(bytes * static_cast<std::size_t>(comm.size()));
    for (int rank = 0; rank < comm.size(); ++rank) {
      std::byte* place = shared ? nullptr : received + static_cast<std::size_t>(rank) * bytes;
      if (!shared && rank != call.root) comm.receive(rank, {place, bytes});
      if (shared) comm.count_pulled(rank, bytes);
      terms.push_back(rank == call.root ? call.in.data() : shared ? comm.exposed(rank).in : place);
    }
    combine(call.out.data(), terms, bytes / size_of(call.type), final_of(call, comm.size()));
  }
  if (shared) comm.conceal();
}

void reduce_tree(Communicator& comm, const CollectiveCall& call) {
  if (comm.size() == 1) return bring_to_root_out(comm, call);
  const Tree tree(comm, call.root);
  const std::size_t most = std::min(call.in.size(), comm.piece_bytes());
  // All-reduce gives everyone a place for sums; else only the root has one.
  const bool own_place = call.out.size() == call.in.size();
  std::byte* sums = own_place ? nullptr : comm.scratch(most);
  for_pieces(call.in.size(), comm.piece_bytes(), [&](Part part) {
    reduce_piece(comm, tree, call, call.in.subspan(part.at, part.bytes),
                 own_place ? call.out.subspan(part.at, part.bytes) : ByteSpan(sums, part.bytes));
  });
}

void send_receive_ring_shift(Communicator& comm, const CollectiveCall& call) {
  if (comm.size() == 1) {
    return copy_bytes(call.out.data(), call.in.data(), call.in.size(), false);
  }
  if (!call.in_place()) {
    return comm.exchange(neighbour(comm, 1), call.in, neighbour(comm, -1), call.out);
  }
  // What leaves lies where the other one arrives.
  std::byte* kept = comm.scratch(call.in.size());
  copy_bytes(kept, call.in.data(), call.in.size(), false);
  comm.exchange(neighbour(comm, 1), {kept, call.in.size()}, neighbour(comm, -1), call.out);
}

void send_receive_ping_pong(Communicator& comm, const CollectiveCall& call) {
  const int last = comm.size() - 1;
  if (last == 0) return copy_bytes(call.out.data(), call.in.data(), call.in.size(), false);
  if (comm.rank() == 0) {
    comm.send(last, call.in);
    comm.receive(last, call.out);
  } else if (comm.rank() == last) {
    comm.receive(0, call.out);
    comm.send(0, call.out);
  }
}

}  // namespace inferbench

#include "kernels/collectives/collectives.hpp"

#include "harness/base/error.hpp"
#include "kernels/collectives/algorithms.hpp"

namespace inferbench {
namespace {

constexpr const char* kByRank = "by rank, added up once for all";
constexpr const char* kRing =
    "chunk c from rank c around the ring; fp16 and bf16 are rounded at each rank";
constexpr const char* kHalves =
    "pairs of ranks, the farthest first; fp16 and bf16 are rounded at each step";
constexpr const char* kTree = "up the tree, nearest ranks first; fp16 and bf16 are rounded at each";

// The library behind the transport.
template <Collective kKind>
CollectiveImplementation library() {
  return {kKind, std::nullopt, "mpi", combines(kKind) ? "the library's choice" : "",
          [](Communicator& comm, const CollectiveCall& call) { comm.by_library(kKind, call); }};
}

}  // namespace

const std::vector<CollectiveImplementation>& collective_implementations() {
  using A = CollectiveAlgorithm;
  using C = Collective;
  // clang-format off: one a line
  static const std::vector<CollectiveImplementation> list = {
      {C::all_reduce, A::two_shot, "own", kByRank, all_reduce_two_shot},
      {C::all_reduce, A::one_shot, "own", kByRank, all_reduce_one_shot},
      {C::all_reduce, A::ring, "own", kRing, all_reduce_ring},
      {C::all_reduce, A::halving_doubling, "own", kHalves, all_reduce_halving_doubling},
      {C::all_reduce, A::tree, "own", kTree, all_reduce_tree},
      library<C::all_reduce>(),
      {C::all_gather, A::direct, "own", "", all_gather_direct},
      {C::all_gather, A::ring, "own", "", all_gather_ring},
      library<C::all_gather>(),
      {C::reduce_scatter, A::direct, "own", kByRank, reduce_scatter_direct},
      {C::reduce_scatter, A::ring, "own", kRing, reduce_scatter_ring},
      library<C::reduce_scatter>(),
      {C::all_to_all, A::direct, "own", "", all_to_all_direct},
      library<C::all_to_all>(),
      {C::all_to_all_v, A::direct, "own", "", all_to_all_v_direct},
      library<C::all_to_all_v>(),
      {C::broadcast, A::direct, "own", "", broadcast_direct},
      {C::broadcast, A::tree, "own", "", broadcast_tree},
      {C::broadcast, A::ring, "own", "", broadcast_ring},
      library<C::broadcast>(),
      {C::reduce, A::tree, "own", kTree, reduce_tree},
      {C::reduce, A::direct, "own", kByRank, reduce_direct},
      library<C::reduce>(),
      {C::send_receive, A::ring_shift, "own", "", send_receive_ring_shift},
      {C::send_receive, A::ping_pong, "own", "", send_receive_ping_pong},
  };
  // clang-format on
  return list;
}

std::string CollectiveImplementation::name() const {
  return algorithm ? std::string(inferbench::name(*algorithm)) : provider;
}

const std::vector<Collective>& collectives() {
  static const std::vector<Collective> kinds = [] {
    std::vector<Collective> found;
    for (const CollectiveImplementation& i : collective_implementations()) {
      if (found.empty() || found.back() != i.kind) found.push_back(i.kind);
    }
    return found;
  }();
  return kinds;
}

Collective collective(std::string_view wanted, const std::string& place) {
  std::vector<std::string> known;
  for (const Collective kind : collectives()) {
    if (name(kind) == wanted) return kind;
    known.emplace_back(name(kind));
  }
  throw unknown_name(place, "collective", wanted, known);
}

const CollectiveImplementation& collective_implementation(Collective kind, std::string_view wanted,
                                                          const std::string& place) {
  std::vector<std::string> known;
  for (const CollectiveImplementation& i : collective_implementations()) {
    if (i.kind != kind) continue;
    if (i.name() == wanted) return i;
    known.push_back(i.name());
  }
  throw unknown_name(place, std::string(name(kind)) + " algorithm", wanted, known);
}

bool combines(Collective kind) {
  return kind == Collective::all_reduce || kind == Collective::reduce_scatter ||
         kind == Collective::reduce;
}

Support supports(const CollectiveImplementation& implementation, int ranks, ElementType type,
                 Reduction reduction, bool library) {
  const bool number = combines(implementation.kind);
  if (number && type == ElementType::bytes) return Support::no("bytes are moved, not combined");
  if (implementation.algorithm == CollectiveAlgorithm::ping_pong && ranks < 2) {
    return Support::no("needs two ranks");
  }
  if (implementation.algorithm) return Support::yes();
  if (!library) return Support::no("the transport has no collectives of its own");
  if (!number) return Support::yes();
  if (type == ElementType::fp16 || type == ElementType::bf16) {
    return Support::no("MPI has no type for " + std::string(name(type)));
  }
  if (reduction == Reduction::average) return Support::no("MPI has no average");
  return Support::yes();
}

}  // namespace inferbench

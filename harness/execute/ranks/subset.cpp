#include "harness/execute/ranks/subset.hpp"

#include <algorithm>

namespace inferbench {
namespace {

int place_of(int rank, const std::vector<int>& members) {
  return static_cast<int>(std::find(members.begin(), members.end(), rank) - members.begin());
}

}  // namespace

SubsetCommunicator::SubsetCommunicator(Communicator& world, std::vector<int> members)
    : Communicator(place_of(world.rank(), members), static_cast<int>(members.size())),
      world_(world),
      members_(std::move(members)) {}

// Source: Hensgen, Finkel and Manber, "Two algorithms for barrier synchronization", IJPP 1988:
// after ceil(log2 n) rounds everyone has heard of everyone.
void SubsetCommunicator::barrier() {
  for (int distance = 1; distance < size(); distance *= 2) {
    const std::byte out{};
    std::byte in{};
    exchange((rank() + distance) % size(), {&out, 1}, (rank() - distance + size()) % size(),
             {&in, 1});
  }
}

void SubsetCommunicator::exchange(int to, ByteView out, int from, ByteSpan in) {
  world_.exchange(member(to), out, member(from), in);
  count_pulled(from, in.size());
}

void SubsetCommunicator::exchange_combine(int to, ByteView out, int from, const std::byte* own,
                                          ByteSpan result, const Combination& how) {
  world_.exchange_combine(member(to), out, member(from), own, result, how);
  count_pulled(from, result.size());
}

}  // namespace inferbench

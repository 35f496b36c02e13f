#include "harness/collectives/traffic_model.hpp"

#include <bit>

namespace inferbench {

double collective_steps(Collective kind, CollectiveAlgorithm algorithm, int ranks) {
  if (ranks <= 1) return 0;
  const auto n = static_cast<unsigned>(ranks);
  const unsigned levels = std::bit_width(n) - 1;                         // of halving
  const unsigned fold = std::has_single_bit(n) ? 0 : 2;                  // there and back
  const unsigned height = static_cast<unsigned>(std::bit_width(n - 1));  // of the tree
  const double ways = kind == Collective::all_reduce ? 2 : 1;            // sums, and their way back
  switch (algorithm) {
    case CollectiveAlgorithm::direct:
    case CollectiveAlgorithm::one_shot:
    case CollectiveAlgorithm::two_shot:
      return 2;  // everyone is here, everyone is done
    case CollectiveAlgorithm::ring:
      return ways * (ranks - 1);
    case CollectiveAlgorithm::halving_doubling:
      return ways * levels + fold;
    case CollectiveAlgorithm::tree:
      return ways * height;
    case CollectiveAlgorithm::ring_shift:
      return 1;
    case CollectiveAlgorithm::ping_pong:
      return 2;
  }
  return 0;
}

double TrafficModel::predict_ns(Collective kind, CollectiveAlgorithm algorithm, Bytes message,
                                int ranks, double pieces) const {
  const double bytes = shared_memory_bytes(kind, algorithm, message, ranks).count();
  const bool in_pieces = algorithm == CollectiveAlgorithm::ring ||
                         algorithm == CollectiveAlgorithm::halving_doubling ||
                         algorithm == CollectiveAlgorithm::tree;
  const double steps = collective_steps(kind, algorithm, ranks) * (in_pieces ? pieces : 1);
  return bytes / copy_gb_per_s + barrier_ns * steps;
}

}  // namespace inferbench

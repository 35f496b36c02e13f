#include "kernels/shapes/collective.hpp"

namespace inferbench {

std::string_view name(Collective kind) {
  switch (kind) {
    case Collective::all_reduce:
      return "all_reduce";
    case Collective::all_gather:
      return "all_gather";
    case Collective::reduce_scatter:
      return "reduce_scatter";
    case Collective::all_to_all:
      return "all_to_all";
    case Collective::send_receive:
      return "send_receive";
    case Collective::all_to_all_v:
      return "all_to_all_v";
    case Collective::broadcast:
      return "broadcast";
    case Collective::reduce:
      return "reduce";
  }
  return "";
}

double bus_bandwidth_factor(Collective kind, double ranks) {
  if (ranks <= 1) return 0;
  switch (kind) {
    case Collective::all_reduce:
      return 2.0 * (ranks - 1.0) / ranks;
    case Collective::all_gather:
    case Collective::reduce_scatter:
    case Collective::all_to_all:
      return (ranks - 1.0) / ranks;
    case Collective::send_receive:
    case Collective::all_to_all_v:
    case Collective::broadcast:
    case Collective::reduce:
      return 1.0;
  }
  return 0;
}

Bytes wire_bytes(Collective kind, Bytes message, double ranks) {
  return message * bus_bandwidth_factor(kind, ranks);
}

Bytes in_network_wire_bytes(Bytes message) {
  return message;
}

std::string_view name(CollectiveAlgorithm algorithm) {
  switch (algorithm) {
    case CollectiveAlgorithm::direct:
      return "direct";
    case CollectiveAlgorithm::one_shot:
      return "one_shot";
    case CollectiveAlgorithm::two_shot:
      return "two_shot";
    case CollectiveAlgorithm::ring:
      return "ring";
    case CollectiveAlgorithm::halving_doubling:
      return "halving_doubling";
    case CollectiveAlgorithm::tree:
      return "tree";
    case CollectiveAlgorithm::ring_shift:
      return "ring_shift";
    case CollectiveAlgorithm::ping_pong:
      return "ping_pong";
  }
  return "";
}

Bytes total_wire_bytes(Collective kind, CollectiveAlgorithm algorithm, Bytes message,
                       double ranks) {
  if (ranks <= 1) return Bytes(0);
  switch (kind) {
    case Collective::all_reduce:
      // Each element travels towards its sum over ranks - 1 hops, and its sum over as many back.
      return message *
             (algorithm == CollectiveAlgorithm::one_shot ? ranks * (ranks - 1) : 2 * (ranks - 1));
    case Collective::all_gather:
    case Collective::reduce_scatter:
    case Collective::all_to_all:
    case Collective::broadcast:
    case Collective::reduce:
      return message * (ranks - 1);
    case Collective::all_to_all_v:
      return message;
    case Collective::send_receive:
      return message * (algorithm == CollectiveAlgorithm::ping_pong ? 2 : ranks);
  }
  return Bytes(0);
}

Bytes shared_memory_bytes(Collective kind, CollectiveAlgorithm algorithm, Bytes message,
                          double ranks) {
  // A copy moves every byte twice, the addition of two operands three times.
  constexpr double kCopy = 2, kAdd = 3;
  if (ranks <= 1) return message * kCopy;
  const bool stepwise = algorithm == CollectiveAlgorithm::ring ||
                        algorithm == CollectiveAlgorithm::halving_doubling ||
                        algorithm == CollectiveAlgorithm::tree;
  switch (kind) {
    case Collective::all_reduce:
      if (stepwise) return message * ((kAdd + kCopy) * (ranks - 1));
      // Reads every vector, writes one for each rank; one_shot reads them once for each rank.
      return message *
             (algorithm == CollectiveAlgorithm::one_shot ? ranks * (ranks + 1) : 2 * ranks);
    case Collective::reduce_scatter:
    case Collective::reduce:
      return message * (stepwise ? kAdd * (ranks - 1) : ranks + 1);
    case Collective::all_gather:
    case Collective::all_to_all:
    case Collective::all_to_all_v:
    case Collective::broadcast:
      return message * (kCopy * ranks);
    case Collective::send_receive:
      return message * (kCopy * (algorithm == CollectiveAlgorithm::ping_pong ? 2 : ranks));
  }
  return Bytes(0);
}

}  // namespace inferbench

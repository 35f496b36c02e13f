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

}  // namespace inferbench

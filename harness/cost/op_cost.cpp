#include "harness/cost/op_cost.hpp"

namespace inferbench {

std::string_view name(RoofKind roof) {
  switch (roof) {
    case RoofKind::compute:
      return "compute";
    case RoofKind::memory:
      return "memory";
    case RoofKind::scale_up:
      return "scale_up";
    case RoofKind::scale_out:
      return "scale_out";
    case RoofKind::floor:
      return "floor";
    case RoofKind::host:
      return "host";
  }
  return "";
}

std::string_view name(OpPart part) {
  switch (part) {
    case OpPart::gemm:
      return "gemm";
    case OpPart::attention:
      return "attention";
    case OpPart::moe:
      return "moe";
    case OpPart::elementwise:
      return "elementwise";
    case OpPart::scale_up:
      return "scale_up";
    case OpPart::scale_out:
      return "scale_out";
  }
  return "";
}

PartTimes part_times(const Ops& ops) {
  PartTimes times;
  for (const OpCost& op : ops) times.add(op);
  return times;
}

}  // namespace inferbench

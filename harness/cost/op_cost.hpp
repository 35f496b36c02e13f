#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "harness/base/units.hpp"
#include "kernels/shapes/work.hpp"

namespace inferbench {

// What bounds an operation's time. `floor`: the launch floor is longer than the roofline itself.
enum class RoofKind { compute, memory, scale_up, scale_out, floor, host };

std::string_view name(RoofKind roof);

// The parts of StepTiming that an op can count in.
enum class OpPart { gemm, attention, moe, elementwise, scale_up, scale_out };
inline constexpr std::size_t kOpParts = 6;

std::string_view name(OpPart part);

// One occurrence of an operation on one GPU.
struct OpCost {
  std::string_view name;
  OpPart part = OpPart::gemm;
  Work work;     // useful work: padding is not in it
  Bytes wire{};  // sent per rank
  Seconds time{};
  RoofKind roof = RoofKind::compute;
  double kernels = 1;  // launches
};

using Ops = std::vector<OpCost>;

// Times by part, and how many kernels they took: all that a step's time needs of its ops.
struct PartTimes {
  std::array<double, kOpParts> seconds{};
  double kernels = 0;

  double& operator[](OpPart part) { return seconds[static_cast<std::size_t>(part)]; }
  double operator[](OpPart part) const { return seconds[static_cast<std::size_t>(part)]; }
  PartTimes& operator+=(const PartTimes& o) {
    for (std::size_t i = 0; i < kOpParts; ++i) seconds[i] += o.seconds[i];
    kernels += o.kernels;
    return *this;
  }
  PartTimes& add(const OpCost& op) {
    (*this)[op.part] += op.time.count();
    kernels += op.kernels;
    return *this;
  }
  friend PartTimes operator*(PartTimes a, double k) {
    for (double& s : a.seconds) s *= k;
    a.kernels *= k;
    return a;
  }
};

inline double total(const PartTimes& parts) {
  double sum = 0;
  for (const double seconds : parts.seconds) sum += seconds;
  return sum;
}

PartTimes part_times(const Ops& ops);

}  // namespace inferbench

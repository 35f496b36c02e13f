#pragma once

#include <string_view>
#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Every operation, and every implementation in order of preference within its op: the first that
// supports a case is the one to use. The reference is last and computes every format.
const std::vector<Op>& kernel_ops();
const std::vector<Implementation>& implementations(Device device = Device::cpu);

// By name. Throws Error, with the nearest names, for one that does not exist.
const Op& kernel_op(std::string_view name);
const Implementation& implementation(std::string_view op, std::string_view name);

// The implementations of an op on a device, in order. Not every op has one on a GPU.
std::vector<const Implementation*> implementations_of(std::string_view op,
                                                      Device device = Device::cpu);

// The first own implementation that supports the case (the reference if no other does).
const Implementation& preferred(const KernelCase& kernel_case, Isa present = best_isa());

// A checked case: axes not given take their presets, an empty format the op's first. Throws Error
// for an unknown op, format or axis, or a size below the axis's minimum.
KernelCase make_case(std::string_view op, std::string_view format,
                     const std::map<std::string, std::int64_t>& axes, std::uint64_t seed = 1,
                     Fill fill = Fill::normal);

}  // namespace inferbench

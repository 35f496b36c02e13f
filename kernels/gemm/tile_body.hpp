#pragma once

#include "kernels/gemm/tiles.hpp"

// What the bodies that are compiled for each instruction set share; included after its vectors.
namespace inferbench {
namespace {

constexpr int kLanes = Vec::kLanes, kWidth = 2 * kLanes;  // columns of a panel: two vectors
constexpr std::size_t kAhead = 2048;                      // bytes of a panel asked for ahead

}  // namespace
}  // namespace inferbench

#pragma once

// launch.cuh for the emulator.

#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "kernels/cuda/simt/hopper.cuh"

#define SIMT_COUNTERS(name, count) unsigned name[count]

// CUDA's: made by a constructor, which entries call.
struct dim3 {
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  unsigned x, y, z;
};

namespace inferbench_cuda {

std::string& last_message();
int failed(std::string message);  // 1

// Launches that are captured instead of run; null: they run.
using Captured = std::vector<std::function<int()>>;
Captured*& capturing();

template <auto kKernel, std::size_t kShared, int kCluster = 1, class Operands>
int launch(const char* name, dim3 grid, unsigned threads, const Operands& operands) {
  if (Captured* const captured = capturing()) {
    captured->push_back([=] {
      Captured* const outer = std::exchange(capturing(), nullptr);
      const int error = launch<kKernel, kShared, kCluster>(name, grid, threads, operands);
      capturing() = outer;
      return error;
    });
    return 0;
  }
  try {
    inferbench::simt::emulate({.grid = {grid.x, grid.y, grid.z},
                               .block = {.x = threads},
                               .shared_bytes = kShared,
                               .cluster = kCluster},
                              [&] { kKernel(operands); });
    return 0;
  } catch (const std::exception& error) {
    return failed(std::string(name) + ": " + error.what());
  }
}

template <std::size_t kCount>
int counters(unsigned (&of)[kCount], unsigned*& to) {
  to = of;
  return 0;
}

inline int tensor_map(inferbench::simt::TensorMap& to, const void* matrix, int64_t rows,
                      int64_t columns, int element_bytes, int tile_rows) {
  to = {.base = static_cast<const std::byte*>(matrix),
        .rows = rows,
        .row_bytes = columns * element_bytes,
        .pitch = columns * element_bytes,
        .element_bytes = element_bytes,
        .tile_rows = tile_rows};
  return 0;
}

}  // namespace inferbench_cuda

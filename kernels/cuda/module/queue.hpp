#pragma once

#include <cstdint>

#include "kernels/cuda/module.h"

// Events, the blocking kernel, clock stamps and graphs of the module's stream.
namespace inferbench_cuda {

inline constexpr int kEvents = 4, kStamps = 4;

int block(std::uint64_t timeout_ns);
void release_block();
std::uint64_t blocked_out();
int mark(int event);
int between(int first, int last, double* nanoseconds);
int stamp(int slot);
int stamped(int slot, InferbenchCudaStamp* to);
int capture_begin();
int capture_end(void** graph);
int graph_launch(void* graph);
int graph_release(void* graph);

}  // namespace inferbench_cuda

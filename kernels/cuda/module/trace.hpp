#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/module.h"

// The process's one CUPTI session.
namespace inferbench_cuda {

int trace_claim();
int trace_start();
int trace_push(std::uint64_t id);
int trace_pop();
int trace_flush();
std::size_t trace_take(InferbenchCudaRecord* to, std::size_t most);
void trace_counts(InferbenchCudaTraceCounts* to);

}  // namespace inferbench_cuda

#pragma once

#include <cuda_runtime_api.h>

#include <string>

// What the module's functions share: the last message of a thread, and the one stream.
namespace inferbench_cuda {

std::string& last_message();

// 0, or the error with its text kept for message().
int status(cudaError_t error, const char* what);
int failed(std::string message);  // 1

// The stream of all work; created by use().
cudaStream_t stream();
int open_stream();

}  // namespace inferbench_cuda

#pragma once

#include <cstddef>

namespace inferbench_cuda {

int cublaslt_open(char* version, std::size_t most);
int cublaslt_prepare(const void* call, void** plan, std::size_t* workspace_bytes);
int cublaslt_run(void* plan, const void* call);
void cublaslt_release(void* plan);

}  // namespace inferbench_cuda

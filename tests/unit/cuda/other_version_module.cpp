// A module from another build: its table says version 99.
#include "kernels/cuda/module.h"

namespace {
InferbenchCudaTable g_table = {};
}  // namespace

extern "C" const InferbenchCudaTable* inferbench_cuda_table() {
  g_table.version = 99;
  g_table.size = sizeof(InferbenchCudaTable);
  return &g_table;
}

// rows.cuh for GPUs: their entries in the module.
#include "kernels/cuda/step/rows.cuh"

#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {
namespace {

using namespace inferbench::cuda_step;

const char* refuses_norm(const void* call) {
  return static_cast<const NormCall*>(call)->width % 8 == 0 ? nullptr
                                                            : "rows are no multiple of 8 wide";
}
const char* refuses_rotate(const void* call) {
  return static_cast<const RotateCall*>(call)->head_dim % 8 == 0
             ? nullptr
             : "heads are no multiple of 8 wide";
}
const char* refuses_activate(const void* call) {
  return static_cast<const ActivateCall*>(call)->width % 8 == 0 ? nullptr
                                                                : "rows are no multiple of 8 wide";
}

template <auto kKernel, class Call>
int launch_rows(const Call& call, std::int64_t rows, const char* name) {
  return launch<kKernel, sizeof(RowShared)>(name, dim3(static_cast<unsigned>(rows)), kRowThreads,
                                            call);
}

int launch_norm(const void* call) {
  const auto& c = *static_cast<const NormCall*>(call);
  return launch_rows<add_norm>(c, c.rows, "add_norm");
}
int launch_rotate(const void* call) {
  const auto& c = *static_cast<const RotateCall*>(call);
  return launch_rows<rotate_and_cache>(c, c.tokens, "rotate_and_cache");
}
int launch_activate(const void* call) {
  const auto& c = *static_cast<const ActivateCall*>(call);
  return launch_rows<activate>(c, c.rows, "activate");
}

}  // namespace

InferbenchCudaKernel add_norm_entry() {
  return {"add_norm",   "step",           "residual and RMSNorm, to bf16",
          80,           sizeof(NormCall), refuses_norm,
          no_workspace, launch_norm};
}
InferbenchCudaKernel rotate_and_cache_entry() {
  return {"rotate_and_cache",
          "step",
          "rotary positions, keys and values into pages",
          80,
          sizeof(RotateCall),
          refuses_rotate,
          no_workspace,
          launch_rotate};
}
InferbenchCudaKernel activate_entry() {
  return {"activate",
          "step",
          "SiLU(gate) * up, or a copy, to bf16",
          80,
          sizeof(ActivateCall),
          refuses_activate,
          no_workspace,
          launch_activate};
}

}  // namespace inferbench_cuda

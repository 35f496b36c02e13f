#pragma once

#include <cstdint>
#include <string>

#include "harness/catalog/hardware_spec.hpp"

namespace inferbench {

// Several replicas on one GPU.
//
//   mig   fixed slices of multiprocessors, bandwidth and memory (Multi-Instance GPU): seven slices
//         of compute over eight of memory, as on A100, H100, H200, B200. 7, 4, 3, 2 or 1 instances
//         get 1, 1, 2, 3 or 7 slices of compute and 1, 2, 2, 4 or 8 of memory: the profiles
//         1g.10gb, 1g.20gb, 2g.20gb, 3g.40gb, 7g.80gb of an 80 GB part
//   mps   processes side by side: each a share of everything, with no slice left over
//
// An instance that shares the GPU is modelled as one whose neighbours are always busy. Instances
// have no link to each other, so a replica is one instance.
//
// Source: NVIDIA Multi-Instance GPU User Guide, "Supported MIG profiles"; NVIDIA Multi-Process
// Service documentation, CUDA_MPS_ACTIVE_THREAD_PERCENTAGE.
struct GpuSharing {
  enum class Mode { mig, mps };
  std::int64_t instances = 1;
  Mode mode = Mode::mps;
};

// "4", "4,mps", "7,mig". Throws Error{place}.
GpuSharing parse_gpu_sharing(const std::string& text, const std::string& place);

// One instance of the GPU as a GPU of its own, HardwareSpec::instances_per_gpu set and noted.
// Throws Error{place} when the GPU cannot be split so.
HardwareSpec instance_of(const HardwareSpec& gpu, const GpuSharing& sharing,
                         const std::string& place);

}  // namespace inferbench

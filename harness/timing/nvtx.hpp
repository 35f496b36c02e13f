#pragma once

#include <string>

namespace inferbench {

// Whether this build was made with NVTX's headers.
bool nvtx_built_in();

// A named range of this thread in the NVTX domain "inferbench", for whatever profiler listens
// (Nsight Systems). Ranges nest. Where nobody listens it costs a test or two; in a build without
// NVTX it does nothing.
class NvtxRange {
 public:
  explicit NvtxRange(const char* name);
  ~NvtxRange();
  NvtxRange(const NvtxRange&) = delete;
  NvtxRange& operator=(const NvtxRange&) = delete;
};

}  // namespace inferbench

#pragma once

#include <vector>

#include "harness/execute/transformer/weight_source.hpp"
#include "kernels/cuda/bind/device_memory.hpp"

namespace inferbench {

// A dense decoder's weights on a GPU, matrices row major in bf16. Read a matrix at a time: the host
// never holds more than the largest.
struct CudaWeights {
  struct Layer {
    DeviceMemory attention_norm, ffn_norm, qkv_bias;  // fp32; the bias may be empty
    DeviceMemory qkv, attention_out, gate_up, down;
  };

  explicit CudaWeights(const WeightSource& source);

  std::vector<Layer> layers;
  DeviceMemory table, head;  // a tied head is the table
  DeviceMemory final_norm;
  std::size_t linear_bytes = 0;  // of matrices a step reads, the head included

  const DeviceMemory& lm_head() const { return head.bytes() > 0 ? head : table; }
};

}  // namespace inferbench

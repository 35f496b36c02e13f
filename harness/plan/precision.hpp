#pragma once

#include <string>

#include "harness/base/dtype.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// Which element type each class of tensor has; the KV cache apart from the weights.
struct Precision {
  DType attention = DType::bf16;       // QKV and output projection weights
  DType ffn = DType::bf16;             // dense FFN and shared experts
  DType experts = DType::bf16;         // routed experts
  DType head = DType::bf16;            // embedding table and LM head
  DType kv = DType::bf16;              // KV cache
  DType attention_math = DType::bf16;  // what QK^T and PV multiply at
  DType activations = DType::bf16;     // residual stream, all-reduce payload, pipeline hand-over
  DType dispatch = DType::bf16;        // token payload to experts
  DType combine = DType::bf16;         // token payload back from experts
};

// Named sets, as deployed in the field; what a set does not name is bf16:
//
//   bf16 fp16 fp32    everything
//   fp8 fp4 nvfp4     weights; KV cache, attention and dispatch in fp8
//   fp8_block         weights and dispatch (fp8); DeepSeek-V3
//   int8 int4         weights
//   mxfp4             FFN and experts alone; gpt-oss
//
// Single fields may follow: "fp8,kv=bf16". Throws Error.
Precision parse_precision(const std::string& text);
std::string label(const Precision& precision);  // parse_precision(label(p)) == p

bool operator==(const Precision& a, const Precision& b);

// What a model is served in when nobody says: the first of its serving types that the GPU has a
// unit for; then its native type, if the GPU can multiply it at all; else bf16.
Precision default_precision(const ModelSpec& model, const HardwareSpec& gpu);

}  // namespace inferbench

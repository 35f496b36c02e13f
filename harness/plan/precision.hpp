#pragma once

#include <string>

#include "harness/base/dtype.hpp"

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

// Named sets: "bf16", "fp16", "fp8", "fp8_block", "int8", "int4", "nvfp4", "mxfp4", "fp4"; for int4
// and below embeddings, activations and attention math stay bf16/fp8 as deployed in the field.
// Single fields may follow: "fp8,kv=bf16". Throws Error.
Precision parse_precision(const std::string& text);
std::string label(const Precision& precision);  // parse_precision(label(p)) == p

bool operator==(const Precision& a, const Precision& b);

}  // namespace inferbench

#pragma once

#include <optional>
#include <string>

#include "harness/base/dtype.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// How the weights of a class meet their activations. Weight-only quantisation stores weights in one
// type and multiplies in a wider one: the stored type sets the bytes, `inputs` the compute rate.
struct WeightFormat {
  std::optional<DType> inputs{};  // of the GEMM; absent: what the weight type implies
  bool sparse = false;            // 2:4, values and indices

  bool operator==(const WeightFormat&) const = default;
};

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
  WeightFormat attention_format{}, ffn_format{}, experts_format{}, head_format{};
  // Narrow GEMM inputs are written by kernels of their own instead of by the norm, activation or
  // attention kernel before.
  bool quantise_apart = false;
};

// Named sets, as deployed in the field; what a set does not name is bf16:
//
//   bf16 fp16 fp32    everything
//   fp8 fp4 nvfp4     weights; KV cache, attention and dispatch in fp8
//   fp8_block         weights and dispatch (fp8); DeepSeek-V3
//   int8 int4         weights
//   mxfp4             FFN and experts alone; gpt-oss
//   w8a8 w8a16 w4a16 w4a8   weights and GEMM inputs of so many bits: int8, int8@bf16, int4,
//                     int4@int8 (SmoothQuant, weight-only, AWQ, QServe)
//
// Behind a type of weights "@TYPE" names what their GEMMs multiply at, "/2:4" makes them sparse:
// "int8@bf16", "fp8/2:4"; behind a set's name both hold for attention, FFN and experts. Single
// fields may follow: "fp8,kv=bf16", "bf16,ffn=int4@fp8", "w8a8,quantise=apart" (`fused` is the
// default). Throws Error.
Precision parse_precision(const std::string& text);
std::string label(const Precision& precision);  // parse_precision(label(p)) == p

bool operator==(const Precision& a, const Precision& b);

// Stored bytes per element of a class's weights.
double stored_bytes(DType type, const WeightFormat& format);
// "int8@bf16/2:4"
std::string label(DType type, const WeightFormat& format);

// What a model is served in when nobody says: the first of its serving types that the GPU has a
// unit for; then its native type, if the GPU can multiply it at all; else bf16.
Precision default_precision(const ModelSpec& model, const HardwareSpec& gpu);

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// Element types of ONNX tensors (TensorProto.DataType) that are used here.
enum class OnnxType : int { float32 = 1, uint8 = 2, int8 = 3, int32 = 6, int64 = 7 };

// A tensor by name: an input or an output of a model, or a constant with its bytes, row-major.
struct OnnxTensor {
  std::string name;
  OnnxType type = OnnxType::float32;
  std::vector<std::int64_t> shape;
  std::string data;  // constants only
};

struct OnnxInteger {
  std::string name;
  std::int64_t value = 0;
};

// A model of one node, serialised: what a runtime loads from a file or from memory.
struct OnnxNode {
  std::string op{};      // "MatMulNBits"
  std::string domain{};  // "" or "com.microsoft"
  std::vector<OnnxInteger> attributes{};
  std::vector<std::string> inputs{};   // in the operator's order; "" for one left out
  std::vector<std::string> outputs{};  // the same
  std::vector<OnnxTensor> constants{}, feeds{}, results{};
};

// IR version 8, opset 17 and com.microsoft 1, in Protocol Buffers' wire format.
//
// Source: onnx.proto of ONNX 1.12 (field numbers); protobuf.dev/programming-guides/encoding.
std::string serialise(const OnnxNode& node);

}  // namespace inferbench

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/peers/onnx_model.hpp"

namespace inferbench {

// A buffer of the caller's that is fed to a session or filled by it; stays where it is.
struct OnnxBuffer {
  std::string name;
  OnnxType type = OnnxType::float32;
  std::vector<std::int64_t> shape;
  void* data = nullptr;
  std::size_t bytes = 0;
};

// One node run by ONNX Runtime's CPU provider on the calling thread, sequentially. Several outputs
// may share a buffer with an input, as a KV cache does.
class OnnxSession {
 public:
  // Throws Failure with ONNX Runtime's words when it refuses the model.
  OnnxSession(const OnnxNode& node, const std::vector<OnnxBuffer>& inputs,
              const std::vector<OnnxBuffer>& outputs);
  ~OnnxSession();
  void run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Loads libonnxruntime.so.1 out of the npm package onnxruntime-node; "" when it could, or why not.
std::string load_onnxruntime(const std::string& node_modules);
std::string onnxruntime_version();  // after load_onnxruntime said ""

}  // namespace inferbench

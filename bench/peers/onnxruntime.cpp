#include "bench/peers/onnxruntime.hpp"

#include <dlfcn.h>

#include <filesystem>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// ONNX Runtime's C interface is a table of function pointers to which versions only append. Those
// of version 1 that are called here, by their place in it; objects are opaque.
//
// Source: struct OrtApi in onnxruntime_c_api.h, "End of Version 1 - DO NOT MODIFY ABOVE".
using Status = void*;
enum Slot : std::size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetSessionExecutionMode = 13,
  kSetIntraOpNumThreads = 24,
  kSetInterOpNumThreads = 25,
  kCreateTensorWithDataAsOrtValue = 49,
  kCreateCpuMemoryInfo = 69,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseSessionOptions = 100,
};
using Table = void* const*;

struct ApiBase {
  Table (*get_api)(std::uint32_t version);
  const char* (*get_version_string)();
};

struct Runtime {
  Table table = nullptr;
  std::string version;
  void* env = nullptr;
};

Runtime& runtime() {
  static Runtime r;
  return r;
}

// The function at a place in the table.
template <class Result = Status, class... Arguments>
Result call(Slot slot, Arguments... arguments) {
  return reinterpret_cast<Result (*)(Arguments...)>(runtime().table[slot])(arguments...);
}

void check_status(Status status, const char* doing) {
  if (status == nullptr) return;
  const std::string why = call<const char*>(kGetErrorMessage, status);
  call<void>(kReleaseStatus, status);
  throw Failure(std::string("onnxruntime, ") + doing + ": " + why);
}

}  // namespace

std::string load_onnxruntime(const std::string& node_modules) {
  if (runtime().table != nullptr) return "";
  const std::string path =
      node_modules + "/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1";
  if (!std::filesystem::exists(path)) return path + " is not there; scripts/peers installs it";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return dlerror();
  const auto get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
  if (get_base == nullptr) return path + " has no OrtGetApiBase";
  runtime().table = get_base()->get_api(1);
  runtime().version = get_base()->get_version_string();
  constexpr int kErrors = 3;
  check_status(call(kCreateEnv, kErrors, "peers", &runtime().env), "starting");
  return "";
}

std::string onnxruntime_version() {
  return runtime().version;
}

struct OnnxSession::State {
  void* session = nullptr;
  std::vector<std::string> input_names, output_names;
  std::vector<const char*> input_pointers, output_pointers;
  std::vector<void*> inputs, outputs;
};

namespace {

void* value_over(const OnnxBuffer& b, void* memory) {
  void* value = nullptr;
  check_status(call(kCreateTensorWithDataAsOrtValue, static_cast<const void*>(memory), b.data,
                    b.bytes, b.shape.data(), b.shape.size(), static_cast<int>(b.type), &value),
               "making a tensor");
  return value;
}

void add(const std::vector<OnnxBuffer>& buffers, void* memory, std::vector<std::string>& names,
         std::vector<const char*>& pointers, std::vector<void*>& values) {
  for (const OnnxBuffer& b : buffers) {
    names.push_back(b.name);
    values.push_back(value_over(b, memory));
  }
  for (const std::string& name : names) pointers.push_back(name.c_str());
}

}  // namespace

OnnxSession::OnnxSession(const OnnxNode& node, const std::vector<OnnxBuffer>& inputs,
                         const std::vector<OnnxBuffer>& outputs)
    : state_(std::make_unique<State>()) {
  void* options = nullptr;
  check_status(call(kCreateSessionOptions, &options), "making options");
  constexpr int kSequential = 0, kOneThread = 1;
  check_status(call(kSetSessionExecutionMode, options, kSequential), "setting the mode");
  // One thread: the caller's own, so its CPU time is all of the work's, and nobody spins.
  check_status(call(kSetIntraOpNumThreads, options, kOneThread), "setting threads");
  check_status(call(kSetInterOpNumThreads, options, kOneThread), "setting threads");
  const std::string model = serialise(node);
  check_status(call(kCreateSessionFromArray, runtime().env, static_cast<const void*>(model.data()),
                    model.size(), static_cast<const void*>(options), &state_->session),
               node.op.c_str());
  call<void>(kReleaseSessionOptions, options);
  void* memory = nullptr;
  constexpr int kDeviceAllocator = 0, kDefaultMemory = 0;
  check_status(call(kCreateCpuMemoryInfo, kDeviceAllocator, kDefaultMemory, &memory),
               "describing memory");
  add(inputs, memory, state_->input_names, state_->input_pointers, state_->inputs);
  add(outputs, memory, state_->output_names, state_->output_pointers, state_->outputs);
  call<void>(kReleaseMemoryInfo, memory);
}

OnnxSession::~OnnxSession() {
  for (void* value : state_->inputs) call<void>(kReleaseValue, value);
  for (void* value : state_->outputs) call<void>(kReleaseValue, value);
  call<void>(kReleaseSession, state_->session);
}

void OnnxSession::run() {
  State& s = *state_;
  check_status(call(kRun, s.session, static_cast<const void*>(nullptr), s.input_pointers.data(),
                    static_cast<void* const*>(s.inputs.data()), s.inputs.size(),
                    s.output_pointers.data(), s.output_pointers.size(), s.outputs.data()),
               "running");
}

}  // namespace inferbench

// The CUDA half of inferbench: loaded by load_module.cpp, with the CUDA runtime inside it.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "kernels/cuda/module.h"
#include "kernels/cuda/module/cublaslt.hpp"
#include "kernels/cuda/module/kernel_list.hpp"
#include "kernels/cuda/module/queue.hpp"
#include "kernels/cuda/module/status.hpp"
#include "kernels/cuda/module/trace.hpp"

namespace inferbench_cuda {

std::string& last_message() {
  thread_local std::string message;
  return message;
}

int status(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return 0;
  last_message() =
      std::string(what) + ": " + cudaGetErrorName(error) + ", " + cudaGetErrorString(error);
  return static_cast<int>(error);
}

int failed(std::string message) {
  last_message() = std::move(message);
  return 1;
}

namespace {

cudaStream_t g_stream = nullptr;

}  // namespace

cudaStream_t stream() {
  return g_stream;
}

int open_stream() {
  if (g_stream != nullptr) return 0;
  return status(cudaStreamCreateWithFlags(&g_stream, cudaStreamNonBlocking), "creating a stream");
}

namespace {

const char* message() {
  return last_message().c_str();
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

void probe(InferbenchCudaProbe* to) {
  *to = {};
  cudaRuntimeGetVersion(&to->runtime_version);
  cudaDriverGetVersion(&to->driver_version);
  std::string reason;
  if (to->driver_version == 0) {
    reason = "no NVIDIA driver on this machine";
  } else if (to->driver_version / 1000 < to->runtime_version / 1000) {
    reason = "the driver is for CUDA " + version_text(to->driver_version) +
             ", the module needs CUDA " + version_text(to->runtime_version);
  } else if (const cudaError_t error = cudaGetDeviceCount(&to->devices); error != cudaSuccess) {
    to->devices = 0;
    reason = std::string("no CUDA device: ") + cudaGetErrorString(error);
  } else if (to->devices == 0) {
    reason = "no CUDA device";
  }
  std::snprintf(to->reason, sizeof to->reason, "%s", reason.c_str());
}

int attribute(cudaDeviceAttr which, int ordinal) {
  int value = 0;
  cudaDeviceGetAttribute(&value, which, ordinal);
  return value;
}

int device(int ordinal, InferbenchCudaDevice* to) {
  *to = {};
  cudaDeviceProp prop = {};
  if (const int error = status(cudaGetDeviceProperties(&prop, ordinal), "asking for a device")) {
    return error;
  }
  std::snprintf(to->name, sizeof to->name, "%s", prop.name);
  for (std::size_t i = 0; i < sizeof prop.uuid.bytes; ++i) {
    std::snprintf(to->uuid + 2 * i, 3, "%02x", static_cast<unsigned char>(prop.uuid.bytes[i]));
  }
  to->sm = 10 * prop.major + prop.minor;
  to->multiprocessors = prop.multiProcessorCount;
  to->clock_khz = attribute(cudaDevAttrClockRate, ordinal);
  to->memory_clock_khz = attribute(cudaDevAttrMemoryClockRate, ordinal);
  to->memory_bus_bits = prop.memoryBusWidth;
  to->memory_bytes = static_cast<std::int64_t>(prop.totalGlobalMem);
  to->l2_bytes = prop.l2CacheSize;
  to->shared_bytes_per_block = static_cast<std::int64_t>(prop.sharedMemPerBlockOptin);
  return 0;
}

int use(int ordinal) {
  if (const int error = status(cudaSetDevice(ordinal), "choosing a device")) return error;
  return open_stream();
}

int memory(std::size_t* available, std::size_t* total) {
  return status(cudaMemGetInfo(available, total), "asking for free memory");
}

int allocate(void** to, std::size_t bytes) {
  return status(cudaMalloc(to, std::max<std::size_t>(bytes, 1)), "allocating device memory");
}

int release(void* memory) {
  return status(cudaFree(memory), "freeing device memory");
}

int moved(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, const char* what) {
  if (bytes == 0) return 0;
  if (const int error = status(cudaMemcpyAsync(to, from, bytes, kind, stream()), what))
    return error;
  if (kind == cudaMemcpyDeviceToDevice) return 0;
  return status(cudaStreamSynchronize(stream()), what);
}

int to_device(void* to, const void* from, std::size_t bytes) {
  return moved(to, from, bytes, cudaMemcpyHostToDevice, "copying to the device");
}

int to_host(void* to, const void* from, std::size_t bytes) {
  return moved(to, from, bytes, cudaMemcpyDeviceToHost, "copying from the device");
}

int copy(void* to, const void* from, std::size_t bytes) {
  return moved(to, from, bytes, cudaMemcpyDeviceToDevice, "copying on the device");
}

int fill(void* to, int byte, std::size_t bytes) {
  return status(cudaMemsetAsync(to, byte, bytes, stream()), "filling device memory");
}

int synchronise() {
  return status(cudaStreamSynchronize(stream()), "waiting for the device");
}

const InferbenchCudaTable kTable = {
    .version = INFERBENCH_CUDA_VERSION,
    .size = sizeof(InferbenchCudaTable),
    .message = message,
    .probe = probe,
    .device = device,
    .use = use,
    .memory = memory,
    .allocate = allocate,
    .release = release,
    .to_device = to_device,
    .to_host = to_host,
    .copy = copy,
    .fill = fill,
    .synchronise = synchronise,
    .kernels = kernel_list().data(),
    .kernel_count = static_cast<int>(kernel_list().size()),
    .block = block,
    .release_block = release_block,
    .blocked_out = blocked_out,
    .events = kEvents,
    .stamps = kStamps,
    .mark = mark,
    .between = between,
    .stamp = stamp,
    .stamped = stamped,
    .capture_begin = capture_begin,
    .capture_end = capture_end,
    .graph_launch = graph_launch,
    .graph_release = graph_release,
    .trace_claim = trace_claim,
    .trace_start = trace_start,
    .trace_push = trace_push,
    .trace_pop = trace_pop,
    .trace_flush = trace_flush,
    .trace_take = trace_take,
    .trace_counts = trace_counts,
    .cublaslt_open = cublaslt_open,
    .cublaslt_prepare = cublaslt_prepare,
    .cublaslt_run = cublaslt_run,
    .cublaslt_release = cublaslt_release,
};

}  // namespace
}  // namespace inferbench_cuda

extern "C" __attribute__((visibility("default"))) const InferbenchCudaTable*
inferbench_cuda_table() {
  return &inferbench_cuda::kTable;
}

// A module whose kernels run on this host, emulated (kernels/cuda/simt): for tests of what uses the
// module. Its memory is the host's, its times mean nothing, CUPTI is not there.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "kernels/cuda/device/entries.hpp"
#include "kernels/cuda/device/properties.hpp"
#include "kernels/cuda/module.h"
#include "kernels/cuda/simt/launch.cuh"

namespace inferbench_cuda {

std::string& last_message() {
  thread_local std::string message;
  return message;
}

Captured*& capturing() {
  static Captured* list = nullptr;
  return list;
}

int failed(std::string message) {
  last_message() = std::move(message);
  return 1;
}

namespace {

const char* message() {
  return last_message().c_str();
}

void probe(InferbenchCudaProbe* to) {
  *to = {};
  to->driver_version = to->runtime_version = 13000;
  to->devices = 1;
}

int device(int /*ordinal*/, InferbenchCudaDevice* to) {
  *to = {};
  std::snprintf(to->name, sizeof to->name, "emulated GPU");
  std::snprintf(to->uuid, sizeof to->uuid, "emulated");
  to->sm = 90;
  to->multiprocessors = multiprocessors();
  to->clock_khz = to->memory_clock_khz = 1000;
  to->memory_bus_bits = 64;
  to->memory_bytes = std::int64_t{1} << 30;
  to->l2_bytes = 1 << 20;
  to->shared_bytes_per_block = 227 << 10;
  return 0;
}

int use(int /*ordinal*/) {
  return 0;
}

int memory(std::size_t* available, std::size_t* total) {
  *available = *total = std::size_t{1} << 30;
  return 0;
}

int allocate(void** to, std::size_t bytes) {
  *to = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  return *to == nullptr ? failed("out of memory") : 0;
}

int release(void* memory) {
  std::free(memory);
  return 0;
}

int copy(void* to, const void* from, std::size_t bytes) {
  // Nothing may come from nowhere: cudaMemcpy takes it, std::memcpy does not.
  if (bytes > 0) std::memcpy(to, from, bytes);
  return 0;
}

int fill(void* to, int byte, std::size_t bytes) {
  if (bytes > 0) std::memset(to, byte, bytes);
  return 0;
}

int synchronise() {
  return 0;
}

// What an emulator has no time for.
int block(std::uint64_t /*timeout_ns*/) {
  return 0;
}
void release_block() {}
std::uint64_t blocked_out() {
  return 0;
}
int mark(int /*event*/) {
  return 0;
}
int between(int /*first*/, int /*last*/, double* nanoseconds) {
  *nanoseconds = 1;
  return 0;
}
int stamp(int /*slot*/) {
  return 0;
}
int stamped(int /*slot*/, InferbenchCudaStamp* to) {
  *to = {};
  return 0;
}

int capture_begin() {
  if (capturing() != nullptr) return failed("a capture has begun already");
  capturing() = new Captured;
  return 0;
}
int capture_end(void** graph) {
  if (capturing() == nullptr) return failed("no capture has begun");
  *graph = std::exchange(capturing(), nullptr);
  return 0;
}
int graph_launch(void* graph) {
  for (const std::function<int()>& one : *static_cast<Captured*>(graph)) {
    if (const int error = one()) return error;
  }
  return 0;
}
int graph_release(void* graph) {
  delete static_cast<Captured*>(graph);
  return 0;
}

int no_trace() {
  return failed("the emulator has no CUPTI");
}
int trace_push(std::uint64_t /*id*/) {
  return no_trace();
}
std::size_t trace_take(InferbenchCudaRecord* /*to*/, std::size_t /*most*/) {
  return 0;
}
void trace_counts(InferbenchCudaTraceCounts* to) {
  *to = {};
}

int no_cublaslt() {
  return failed("the emulator has no cuBLASLt");
}
int cublaslt_open(char* /*version*/, std::size_t /*most*/) {
  return no_cublaslt();
}
int cublaslt_prepare(const void* /*call*/, void** /*plan*/, std::size_t* /*workspace*/) {
  return no_cublaslt();
}
int cublaslt_run(void* /*plan*/, const void* /*call*/) {
  return no_cublaslt();
}
void cublaslt_release(void* /*plan*/) {}

}  // namespace

const InferbenchCudaTable& emulated_table() {
  static const InferbenchCudaKernel kernels[] = {
      add_norm_entry(),     rotate_and_cache_entry(),  activate_entry(),
      skinny_bf16_entry(),  skinny_w8a16_entry(),      skinny_w4a16_entry(),
      wide_bf16_entry(),    wide_e4m3_entry(),         wide_int8_entry(),
      paged_decode_entry(), prefill_attention_entry(), wide_prefill_entry()};
  static const InferbenchCudaTable table = [] {
    InferbenchCudaTable t = {};
    t.version = INFERBENCH_CUDA_VERSION;
    t.size = sizeof t;
    t.message = message;
    t.probe = probe;
    t.device = device;
    t.use = use;
    t.memory = memory;
    t.allocate = allocate;
    t.release = release;
    t.to_device = t.to_host = t.copy = copy;
    t.fill = fill;
    t.synchronise = synchronise;
    t.kernels = kernels;
    t.kernel_count = static_cast<int>(std::size(kernels));
    t.block = block;
    t.release_block = release_block;
    t.blocked_out = blocked_out;
    t.events = t.stamps = 4;
    t.mark = mark;
    t.between = between;
    t.stamp = stamp;
    t.stamped = stamped;
    t.capture_begin = capture_begin;
    t.capture_end = capture_end;
    t.graph_launch = graph_launch;
    t.graph_release = graph_release;
    t.trace_claim = t.trace_start = t.trace_pop = t.trace_flush = no_trace;
    t.trace_push = trace_push;
    t.trace_take = trace_take;
    t.trace_counts = trace_counts;
    t.cublaslt_open = cublaslt_open;
    t.cublaslt_prepare = cublaslt_prepare;
    t.cublaslt_run = cublaslt_run;
    t.cublaslt_release = cublaslt_release;
    return t;
  }();
  return table;
}

}  // namespace inferbench_cuda

extern "C" __attribute__((visibility("default"))) const InferbenchCudaTable*
inferbench_cuda_table() {
  return &inferbench_cuda::emulated_table();
}

#include "kernels/cuda/module/queue.hpp"

#include <cuda_runtime.h>

#include "kernels/cuda/module/status.hpp"

namespace inferbench_cuda {
namespace {

// Memory that host and device see at the same time.
struct Shared {
  volatile std::uint32_t open;  // the number of the latest block that may begin
  volatile std::uint32_t timed_out;
  InferbenchCudaStamp stamps[kStamps];
};

struct Queue {
  Shared* host = nullptr;
  Shared* device = nullptr;
  cudaEvent_t events[kEvents] = {};
  int multiprocessors = 0;
  std::uint32_t blocks = 0;
};
Queue g_queue;

__device__ std::uint64_t global_ns() {
  std::uint64_t now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

// One thread that waits for the host, or until it has waited too long: a host that dies, or work
// that cannot be queued while the stream is blocked, must not hold the device for ever.
__global__ void wait_for_host(Shared* shared, std::uint32_t number, std::uint64_t timeout_ns) {
  const std::uint64_t begin = global_ns();
  // Numbers wrap around; what counts is the distance.
  while (static_cast<std::int32_t>(shared->open - number) < 0) {
    if (global_ns() - begin > timeout_ns) {
      shared->timed_out = shared->timed_out + 1;
      return;
    }
  }
}

// Cycles are counted by each multiprocessor for itself, so it is always the first one that reads.
__global__ void read_clocks(InferbenchCudaStamp* to) {
  std::uint32_t multiprocessor;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(multiprocessor));
  if (multiprocessor != 0) return;
  to->cycles = static_cast<std::uint64_t>(clock64());
  to->global_ns = global_ns();
}

int open_queue() {
  if (g_queue.host != nullptr) return 0;
  Shared* host = nullptr;
  if (const int error = status(cudaHostAlloc(&host, sizeof(Shared), cudaHostAllocMapped),
                               "allocating memory that host and device share")) {
    return error;
  }
  *host = {};
  for (cudaEvent_t& event : g_queue.events) {
    if (const int error = status(cudaEventCreate(&event), "creating an event")) return error;
  }
  int device = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&g_queue.multiprocessors, cudaDevAttrMultiProcessorCount, device);
  if (const int error = status(cudaHostGetDevicePointer(&g_queue.device, host, 0),
                               "finding shared memory on the device")) {
    return error;
  }
  g_queue.host = host;
  // Code is loaded at its first launch, which waits for the device: behind a blocking kernel it
  // would wait for ever.
  wait_for_host<<<1, 1, 0, stream()>>>(g_queue.device, 0, 0);
  read_clocks<<<1, 1, 0, stream()>>>(&g_queue.device->stamps[0]);
  return status(cudaStreamSynchronize(stream()), "loading the kernels that measure");
}

bool known(int event) {
  return event >= 0 && event < kEvents;
}

}  // namespace

int block(std::uint64_t timeout_ns) {
  if (const int error = open_queue()) return error;
  wait_for_host<<<1, 1, 0, stream()>>>(g_queue.device, ++g_queue.blocks, timeout_ns);
  return status(cudaGetLastError(), "launching the blocking kernel");
}

void release_block() {
  if (g_queue.host != nullptr) g_queue.host->open = g_queue.blocks;
}

std::uint64_t blocked_out() {
  return g_queue.host != nullptr ? g_queue.host->timed_out : 0;
}

int mark(int event) {
  if (const int error = open_queue()) return error;
  if (!known(event)) return failed("no such event");
  return status(cudaEventRecord(g_queue.events[event], stream()), "recording an event");
}

int between(int first, int last, double* nanoseconds) {
  if (!known(first) || !known(last) || g_queue.host == nullptr) return failed("no such event");
  float milliseconds = 0;
  const int error =
      status(cudaEventElapsedTime(&milliseconds, g_queue.events[first], g_queue.events[last]),
             "reading events");
  *nanoseconds = 1e6 * static_cast<double>(milliseconds);
  return error;
}

// Twice as many blocks as multiprocessors, so that the first one gets one of them.
int stamp(int slot) {
  if (const int error = open_queue()) return error;
  if (slot < 0 || slot >= kStamps) return failed("no such stamp");
  read_clocks<<<2 * g_queue.multiprocessors, 1, 0, stream()>>>(&g_queue.device->stamps[slot]);
  return status(cudaGetLastError(), "launching the clock kernel");
}

int stamped(int slot, InferbenchCudaStamp* to) {
  if (slot < 0 || slot >= kStamps || g_queue.host == nullptr) return failed("no such stamp");
  *to = g_queue.host->stamps[slot];
  return 0;
}

int capture_begin() {
  return status(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal),
                "beginning to capture a graph");
}

int capture_end(void** graph) {
  *graph = nullptr;
  cudaGraph_t captured = nullptr;
  if (const int error = status(cudaStreamEndCapture(stream(), &captured), "capturing a graph")) {
    return error;
  }
  cudaGraphExec_t executable = nullptr;
  const int error = status(cudaGraphInstantiate(&executable, captured, 0), "building a graph");
  cudaGraphDestroy(captured);
  *graph = executable;
  return error;
}

int graph_launch(void* graph) {
  return status(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), stream()),
                "launching a graph");
}

int graph_release(void* graph) {
  return status(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)), "releasing a graph");
}

}  // namespace inferbench_cuda

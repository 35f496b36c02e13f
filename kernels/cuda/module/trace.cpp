#include "kernels/cuda/module/trace.hpp"

#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "kernels/cuda/module/status.hpp"
#include "kernels/cuda/module/trace_decode.hpp"
#include "kernels/cuda/vendor_library.hpp"

namespace inferbench_cuda {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{8} << 20U;
constexpr std::size_t kMostBlocks = 16;

// CUPTI's functions that are used, each found by its name.
struct Cupti {
#define INFERBENCH_CUPTI_FUNCTION(name) decltype(&::name) name = nullptr
  INFERBENCH_CUPTI_FUNCTION(cuptiGetVersion);
  INFERBENCH_CUPTI_FUNCTION(cuptiGetResultString);
  INFERBENCH_CUPTI_FUNCTION(cuptiSubscribe_v2);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityRegisterTimestampCallback);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityRegisterCallbacks);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityEnable);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityFlushAll);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityGetNextRecord);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityGetNumDroppedRecords);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityPushExternalCorrelationId);
  INFERBENCH_CUPTI_FUNCTION(cuptiActivityPopExternalCorrelationId);
#undef INFERBENCH_CUPTI_FUNCTION
};

template <class Function>
bool found(void* library, const char* name, Function& to) {
  to = reinterpret_cast<Function>(dlsym(library, name));
  return to != nullptr;
}

// A null function pointer's name is what is missing.
const char* look_up(void* library, Cupti& to) {
#define INFERBENCH_CUPTI_LOOK_UP(name) \
  if (!found(library, #name, to.name)) return #name
  INFERBENCH_CUPTI_LOOK_UP(cuptiGetVersion);
  INFERBENCH_CUPTI_LOOK_UP(cuptiGetResultString);
  INFERBENCH_CUPTI_LOOK_UP(cuptiSubscribe_v2);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityRegisterTimestampCallback);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityRegisterCallbacks);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityEnable);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityFlushAll);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityGetNextRecord);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityGetNumDroppedRecords);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityPushExternalCorrelationId);
  INFERBENCH_CUPTI_LOOK_UP(cuptiActivityPopExternalCorrelationId);
#undef INFERBENCH_CUPTI_LOOK_UP
  return nullptr;
}

struct Block {
  std::uint8_t* memory = nullptr;
  std::size_t bytes = 0;
};

// Buffers go round: free, filled by CUPTI, complete, read, free. CUPTI calls back on threads of its
// own, where nothing may throw or call CUDA.
struct Session {
  Cupti cupti;
  bool claimed = false, started = false;
  std::mutex mutex;  // of the lists below
  std::deque<std::uint8_t*> free;
  std::deque<Block> complete;
  std::size_t blocks = 0;
  std::atomic<std::uint64_t> lost{0};
  std::unique_ptr<TraceDecoder> decoder;
  std::vector<InferbenchCudaRecord> ready;
  std::size_t taken = 0;
};

// Never destroyed: CUPTI may call back until the process has ended.
Session& session() {
  static auto* const one = new Session;
  return *one;
}

void buffer_wanted(std::uint8_t** buffer, std::size_t* bytes, std::size_t* most_records) {
  Session& s = session();
  const std::lock_guard lock(s.mutex);
  *buffer = nullptr;
  *bytes = 0;
  *most_records = 0;
  if (!s.free.empty()) {
    *buffer = s.free.front();
    s.free.pop_front();
  } else if (s.blocks < kMostBlocks) {
    *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(64, kBlockBytes));
    if (*buffer != nullptr) ++s.blocks;
  }
  if (*buffer != nullptr) *bytes = kBlockBytes;  // without one CUPTI drops records and counts them
}

void buffer_complete(CUcontext context, std::uint32_t stream, std::uint8_t* buffer,
                     std::size_t /*bytes*/, std::size_t valid) {
  Session& s = session();
  std::size_t dropped = 0;
  s.cupti.cuptiActivityGetNumDroppedRecords(context, stream, &dropped);
  s.lost += dropped;
  if (buffer == nullptr) return;
  const std::lock_guard lock(s.mutex);
  s.complete.push_back({buffer, valid});
}

void ignored_callback(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

int cupti_status(CUptiResult result, const char* what) {
  if (result == CUPTI_SUCCESS) return 0;
  const char* text = nullptr;
  session().cupti.cuptiGetResultString(result, &text);
  return failed(std::string("CUPTI, ") + what + ": " + (text != nullptr ? text : "unknown error"));
}

int load() {
  Session& s = session();
  const inferbench::LoadedLibrary library =
      inferbench::load_vendor_library(inferbench::vendor_library("CUPTI"));
  if (library.handle == nullptr) return failed(library.reason);
  if (const char* missing = look_up(library.handle, s.cupti)) {
    return failed(library.path + " has no " + missing);
  }
  std::uint32_t version = 0;
  s.cupti.cuptiGetVersion(&version);
  if (version / 10000 != CUPTI_API_VERSION / 10000) {
    return failed(library.path + " is CUPTI " + std::to_string(version / 10000) +
                  ", records are read as those of CUPTI " +
                  std::to_string(CUPTI_API_VERSION / 10000));
  }
  return 0;
}

int subscribe() {
  Session& s = session();
  char other[64] = {};
  CUpti_SubscriberParams params = {};
  params.structSize = CUpti_SubscriberParams_STRUCT_SIZE;
  params.subscriberName = "inferbench";
  params.oldSubscriberName = other;
  params.oldSubscriberSize = sizeof other;
  CUpti_SubscriberHandle subscriber = nullptr;
  const CUptiResult result =
      s.cupti.cuptiSubscribe_v2(&subscriber, ignored_callback, nullptr, &params);
  if (result == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED) {
    return failed(std::string("another profiler is attached") +
                  (other[0] != '\0' ? std::string(": ") + other : std::string()));
  }
  return cupti_status(result, "subscribing");
}

// What has come in so far, buffer by buffer.
void read_complete() {
  Session& s = session();
  for (;;) {
    Block block;
    {
      const std::lock_guard lock(s.mutex);
      if (s.complete.empty()) return;
      block = s.complete.front();
      s.complete.pop_front();
    }
    s.decoder->read(block.memory, block.bytes);
    const std::lock_guard lock(s.mutex);
    s.free.push_back(block.memory);
  }
}

}  // namespace

// The timestamp callback is registered once in a process: each further time spoils the first
// records after it.
int trace_claim() {
  Session& s = session();
  if (s.claimed) return 0;
  if (const int error = load()) return error;
  if (const int error = subscribe()) return error;
  if (const int error = cupti_status(s.cupti.cuptiActivityRegisterTimestampCallback(steady_ns),
                                     "setting its clock")) {
    return error;
  }
  s.decoder = std::make_unique<TraceDecoder>(
      [&s](std::uint8_t* buffer, std::size_t bytes, CUpti_Activity** record) {
        return s.cupti.cuptiActivityGetNextRecord(buffer, bytes, record);
      });
  const int error = cupti_status(
      s.cupti.cuptiActivityRegisterCallbacks(buffer_wanted, buffer_complete), "giving it buffers");
  s.claimed = error == 0;
  return error;
}

// Enabled once and never taken back: in CUDA 13.0 correlations of graphs are wrong in every session
// after the first. CONCURRENT_KERNEL, because KERNEL would run one kernel at a time. API calls are
// traced whole, because external ids are told of them.
int trace_start() {
  Session& s = session();
  if (!s.claimed) return failed("CUPTI was not claimed before the device was used");
  if (s.started) return 0;
  for (const CUpti_ActivityKind kind :
       {CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION, CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
        CUPTI_ACTIVITY_KIND_MEMCPY, CUPTI_ACTIVITY_KIND_MEMSET, CUPTI_ACTIVITY_KIND_RUNTIME,
        CUPTI_ACTIVITY_KIND_DRIVER}) {
    if (const int error = cupti_status(s.cupti.cuptiActivityEnable(kind), "starting to trace")) {
      return error;
    }
  }
  s.started = true;
  return 0;
}

int trace_push(std::uint64_t id) {
  return cupti_status(session().cupti.cuptiActivityPushExternalCorrelationId(
                          CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, id),
                      "opening a range");
}

int trace_pop() {
  std::uint64_t last = 0;
  return cupti_status(session().cupti.cuptiActivityPopExternalCorrelationId(
                          CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, &last),
                      "closing a range");
}

int trace_flush() {
  Session& s = session();
  if (!s.started) return failed("tracing was not started");
  const int error = cupti_status(s.cupti.cuptiActivityFlushAll(0), "flushing records");
  read_complete();
  for (const InferbenchCudaRecord& record : s.decoder->take()) s.ready.push_back(record);
  return error;
}

std::size_t trace_take(InferbenchCudaRecord* to, std::size_t most) {
  Session& s = session();
  const std::size_t count = std::min(most, s.ready.size() - s.taken);
  for (std::size_t i = 0; i < count; ++i) to[i] = s.ready[s.taken + i];
  s.taken += count;
  if (s.taken == s.ready.size()) s.ready.clear(), s.taken = 0;
  return count;
}

void trace_counts(InferbenchCudaTraceCounts* to) {
  const Session& s = session();
  *to = {.records = s.decoder ? s.decoder->records() : 0,
         .invalid = s.decoder ? s.decoder->invalid() : 0,
         .lost = s.lost.load()};
}

}  // namespace inferbench_cuda

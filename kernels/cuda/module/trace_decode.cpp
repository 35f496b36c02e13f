#include "kernels/cuda/module/trace_decode.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace inferbench_cuda {
namespace {

constexpr std::size_t kMostCorrelations = std::size_t{1} << 20U;

void erase_all(std::string& text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part)) {
    text.erase(at, part.size());
  }
}

// "void inferbench_cuda::(anonymous namespace)::rows<true>(Args)" -> "rows<true>"
std::string readable(const char* mangled) {
  int failed = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &failed), std::free);
  std::string name = failed == 0 && text ? text.get() : mangled;
  erase_all(name, "(anonymous namespace)::");
  erase_all(name, "inferbench_cuda::");
  if (name.starts_with("void ")) name.erase(0, 5);
  return name.substr(0, name.find('('));
}

// Of a copy or a memset: nothing but when.
template <class Record>
InferbenchCudaRecord without_threads(const char* name, const Record& record) {
  InferbenchCudaRecord to = {};
  to.start = record.start;
  to.end = record.end;
  to.name = name;
  return to;
}

}  // namespace

const char* TraceDecoder::interned(const char* mangled) {
  if (mangled == nullptr) return "";
  const auto [known, fresh] = by_mangled_.try_emplace(mangled, nullptr);
  if (fresh) known->second = names_.insert(readable(mangled)).first->c_str();
  return known->second;
}

void TraceDecoder::read(std::uint8_t* buffer, std::size_t bytes) {
  CUpti_Activity* record = nullptr;
  while (bytes > 0 && next_(buffer, bytes, &record) == CUPTI_SUCCESS) add(*record);
}

void TraceDecoder::add(const CUpti_Activity& record) {
  switch (record.kind) {
    case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION: {
      const auto& e = reinterpret_cast<const CUpti_ActivityExternalCorrelation&>(record);
      ids_[e.correlationId] = e.externalId;
      break;
    }
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
    case CUPTI_ACTIVITY_KIND_KERNEL: {
      const auto& k = reinterpret_cast<const KernelRecord&>(record);
      add({.id = 0,
           .start = k.start,
           .end = k.end,
           .name = interned(k.name),
           .grid = {k.gridX, k.gridY, k.gridZ},
           .block = {k.blockX, k.blockY, k.blockZ},
           .registers = k.registersPerThread,
           .shared_bytes = k.staticSharedMemory + k.dynamicSharedMemory,
           .local_bytes = static_cast<std::int32_t>(k.localMemoryPerThread)},
          k.correlationId);
      break;
    }
    case CUPTI_ACTIVITY_KIND_MEMCPY: {
      const auto& m = reinterpret_cast<const MemcpyRecord&>(record);
      add(without_threads("memcpy", m), m.correlationId);
      break;
    }
    case CUPTI_ACTIVITY_KIND_MEMSET: {
      const auto& m = reinterpret_cast<const MemsetRecord&>(record);
      add(without_threads("memset", m), m.correlationId);
      break;
    }
    default:
      break;  // API calls: only their correlation matters
  }
}

// CUPTI gives records without times, or that end before they start, when it runs out of buffers on
// the device.
void TraceDecoder::add(InferbenchCudaRecord record, std::uint32_t correlation) {
  if (record.start == 0 || record.end <= record.start) {
    ++invalid_;
    return;
  }
  ++records_;
  pending_.push_back({record, correlation});
}

std::vector<InferbenchCudaRecord> TraceDecoder::take() {
  std::vector<InferbenchCudaRecord> taken;
  std::vector<Pending> kept;
  for (Pending& pending : pending_) {
    const auto id = ids_.find(pending.correlation);
    if (id == ids_.end() && !pending.waited) {
      pending.waited = true;
      kept.push_back(pending);
      continue;
    }
    if (id != ids_.end()) pending.record.id = id->second;
    taken.push_back(pending.record);
  }
  pending_ = std::move(kept);
  // Correlations are not used twice; old ones are of windows long read.
  if (ids_.size() > kMostCorrelations) ids_.clear();
  return taken;
}

}  // namespace inferbench_cuda

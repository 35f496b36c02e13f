#include "harness/execute/cuda/cuda_graphs.hpp"

#include "kernels/cuda/load_module.hpp"

namespace inferbench {

void CudaGraphs::clear() {
  for (auto& [key, entry] : entries_) {
    if (entry.graph != nullptr) table_.graph_release(entry.graph);
  }
  entries_.clear();
}

void CudaGraphs::capture(Entry& entry, const std::function<void()>& launches) {
  if (table_.capture_begin() != 0) {
    unavailable_ = table_.message();
    return launches();
  }
  try {
    launches();
  } catch (...) {
    void* partial = nullptr;
    if (table_.capture_end(&partial) == 0) table_.graph_release(partial);
    throw;
  }
  cuda_check(table_.capture_end(&entry.graph), "capturing a step");
  cuda_check(table_.graph_launch(entry.graph), "replaying a step");
}

void CudaGraphs::run(const Key& key, std::uint64_t generation,
                     const std::function<void()>& launches) {
  if (generation != generation_ || entries_.size() > kMost) clear();
  generation_ = generation;
  Entry& entry = entries_[key];
  if (entry.graph != nullptr) {
    ++replayed_;
    return cuda_check(table_.graph_launch(entry.graph), "replaying a step");
  }
  if (entry.seen && unavailable_.empty()) return capture(entry, launches);
  entry.seen = true;
  launches();
}

}  // namespace inferbench

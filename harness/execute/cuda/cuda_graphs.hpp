#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "kernels/cuda/module.h"

namespace inferbench {

// Steps of the same launches as one launch: the first of a kind runs as it is and sizes what it
// needs, the second is captured, all later ones replay it.
class CudaGraphs {
 public:
  // What launches depend on besides the contents of memory: tokens, the block table's width, the
  // longest request.
  using Key = std::array<std::int64_t, 3>;

  explicit CudaGraphs(const InferbenchCudaTable& table) : table_(table) {}
  ~CudaGraphs() { clear(); }
  CudaGraphs(const CudaGraphs&) = delete;
  CudaGraphs& operator=(const CudaGraphs&) = delete;

  // `generation`: of the memory that launches name; graphs of an earlier one are dropped. Throws
  // what `launches` throws, Failure for a graph that cannot be launched.
  void run(const Key& key, std::uint64_t generation, const std::function<void()>& launches);

  std::int64_t replayed() const { return replayed_; }
  const std::string& unavailable() const { return unavailable_; }  // why; empty: it is not

 private:
  struct Entry {
    void* graph = nullptr;
    bool seen = false;
  };

  void clear();
  void capture(Entry& entry, const std::function<void()>& launches);

  static constexpr std::size_t kMost = 256;

  const InferbenchCudaTable& table_;
  std::map<Key, Entry> entries_;
  std::uint64_t generation_ = 0;
  std::int64_t replayed_ = 0;
  std::string unavailable_;
};

}  // namespace inferbench

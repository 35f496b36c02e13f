#pragma once

#include <memory>
#include <vector>

#include "harness/timing/device_queue.hpp"
#include "kernels/cuda/module.h"

namespace inferbench {

// The module's stream, events, graphs and blocking kernel.
class CudaQueue final : public DeviceQueue {
 public:
  explicit CudaQueue(const InferbenchCudaTable& table) : table_(table) {}

  void block() override;
  void release() override { table_.release_block(); }
  std::uint64_t blocked_out() override { return table_.blocked_out(); }
  void mark(int event) override;
  double between_ns(int first, int last) override;
  void stamp(int slot) override;
  DeviceStamp stamped(int slot) override;
  void synchronise() override;
  std::unique_ptr<DeviceGraph> capture(const std::function<void()>& launches) override;

 private:
  const InferbenchCudaTable& table_;
};

// CUPTI's records, through the module.
class CudaTrace final : public DeviceTrace {
 public:
  explicit CudaTrace(const InferbenchCudaTable& table) : table_(table) {}

  void start() override;
  void push(std::uint64_t id) override;
  void pop() override;
  std::vector<DeviceRecord> take() override;
  DeviceTraceCounts counts() override;

 private:
  const InferbenchCudaTable& table_;
};

}  // namespace inferbench

#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "harness/timing/device_queue.hpp"

namespace inferbench {

// A device without a GPU: each launch takes the time that the test says, events take none, and the
// clock runs at 1.5 GHz.
class FakeDevice final : public DeviceQueue, public DeviceTrace {
 public:
  void launch(const char* name, double ns, double gap_ns = 0) {
    if (capturing_ != nullptr) {
      capturing_->push_back([this, name, ns, gap_ns] { launch(name, ns, gap_ns); });
      return;
    }
    now_ += gap_ns;
    const double start = now_;
    now_ += ns;
    if (tracing_ && !ranges_.empty()) {
      records_.push_back({.id = ranges_.back(),
                          .start = static_cast<std::uint64_t>(start),
                          .end = static_cast<std::uint64_t>(now_),
                          .name = name});
    }
  }

  void block() override { blocked_ = true; }
  void release() override { blocked_ = false; }
  std::uint64_t blocked_out() override {
    if (!late_.empty() && !blocked_ && waited_)
      timeouts_ += late_.front() ? 1 : 0, late_.pop_front();
    waited_ = false;
    return timeouts_;
  }
  void mark(int event) override { events_[event] = now_; }
  double between_ns(int first, int last) override { return events_[last] - events_[first]; }
  void stamp(int slot) override {
    stamps_[slot] = {static_cast<std::uint64_t>(now_), static_cast<std::uint64_t>(1.5 * now_)};
  }
  DeviceStamp stamped(int slot) override { return stamps_[slot]; }
  void synchronise() override { waited_ = true; }
  std::unique_ptr<DeviceGraph> capture(const std::function<void()>& launches) override {
    auto graph = std::make_unique<Graph>();
    capturing_ = &graph->work;
    launches();
    capturing_ = nullptr;
    return graph;
  }

  void start() override { tracing_ = true; }
  void push(std::uint64_t id) override { ranges_.push_back(id); }
  void pop() override { ranges_.pop_back(); }
  std::vector<DeviceRecord> take() override {
    if (delay_takes_-- > 0) return {};
    return std::exchange(records_, {});
  }
  DeviceTraceCounts counts() override { return counts_; }

  void be_late(std::deque<bool> late) { late_ = std::move(late); }
  void delay_records(int takes) { delay_takes_ = takes; }
  DeviceTraceCounts counts_;

 private:
  struct Graph final : DeviceGraph {
    std::vector<std::function<void()>> work;
    void launch() override {
      for (const auto& one : work) one();
    }
  };

  // Later than anything the host's clock has shown: records are of the host's steady clock.
  double now_ =
      static_cast<double>(std::chrono::steady_clock::now().time_since_epoch().count()) + 3e12;
  double events_[2] = {};
  DeviceStamp stamps_[2];
  bool blocked_ = false, tracing_ = false, waited_ = false;
  std::deque<bool> late_;
  std::uint64_t timeouts_ = 0;
  std::vector<std::function<void()>>* capturing_ = nullptr;
  std::vector<std::uint64_t> ranges_;
  std::vector<DeviceRecord> records_;
  int delay_takes_ = 0;
};

}  // namespace inferbench

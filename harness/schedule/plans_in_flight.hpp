#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/schedule/batch_plan.hpp"

namespace inferbench {

// The plans between plan() and commit(), oldest first, in buffers that are used again: planning a
// step allocates nothing once the buffers have grown.
class PlansInFlight {
 public:
  struct Entry {
    BatchPlan plan;
    std::vector<std::uint32_t> slots;  // the sequence of each item
  };

  explicit PlansInFlight(std::int64_t most) : ring_(static_cast<std::size_t>(most) + 1) {}

  bool full() const { return size_ + 1 == ring_.size(); }
  bool empty() const { return size_ == 0; }

  // An empty plan to fill; in flight only once issued.
  Entry& draft() {
    Entry& entry = ring_[(first_ + size_) % ring_.size()];
    entry.plan.items.clear();
    entry.plan.plain_decodes = 0;
    entry.plan.preempted.clear();
    entry.plan.kv_to_host = entry.plan.kv_from_host = Tokens(0);
    entry.slots.clear();
    entry.plan.step = next_step_;
    return entry;
  }
  void issue() {
    ensure(!full(), "no more steps in flight than allowed");
    ++size_;
    next_step_ = StepId(next_step_.value + std::uint64_t{1});
  }
  const Entry& oldest(StepId step) const {
    ensure(size_ > 0 && ring_[first_].plan.step == step,
           "steps are committed in the order they were planned");
    return ring_[first_];
  }
  void retire_oldest() {
    first_ = (first_ + 1) % ring_.size();
    --size_;
  }

 private:
  std::vector<Entry> ring_;
  std::size_t first_ = 0, size_ = 0;
  StepId next_step_{};
};

}  // namespace inferbench

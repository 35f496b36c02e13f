#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// Something due for an open request at a given time; void when the request has ended or moved on.
struct Appointment {
  Time at{};
  RequestId request{};
  std::uint32_t tag = 0;  // its owner's

  // The greatest stands on top of the queue: the earliest, ties by id.
  bool operator<(const Appointment& o) const {
    if (at != o.at) return at > o.at;
    return request != o.request ? request > o.request : tag > o.tag;
  }
};

class Appointments {
 public:
  Time next() const { return queue_.empty() ? kNever : queue_.top().at; }
  void add(const Appointment& appointment) { queue_.push(appointment); }
  Appointment pop() {
    const Appointment first = queue_.top();
    queue_.pop();
    return first;
  }

 private:
  std::priority_queue<Appointment> queue_;
};

}  // namespace inferbench

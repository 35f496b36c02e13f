#pragma once

#include <optional>

#include "workloads/request.hpp"

namespace inferbench {

// Requests as a run consumes them. Open loop: arrivals follow the clock. Closed loop: a request
// becomes due when an earlier answer has ended (and its user has thought).
class RequestSource {
 public:
  virtual ~RequestSource() = default;

  // When the next request is due; kNever while none can be due before another answer ends, or when
  // there are no more.
  virtual Time next_arrival() const = 0;
  // The request due at next_arrival(); ids count up from 0 in the order of pops.
  virtual Request pop() = 0;
  // An answer ended, whatever its outcome.
  virtual void ended(const Request& request, Time when) { (void)request, (void)when; }
};

}  // namespace inferbench

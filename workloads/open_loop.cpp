#include "workloads/open_loop.hpp"

#include "harness/base/error.hpp"

namespace inferbench {

OpenLoopSource::OpenLoopSource(std::unique_ptr<RequestStream> stream, WorkloadInfo info)
    : stream_(std::move(stream)), info_(std::move(info)), has_ahead_(stream_->next(ahead_)) {}

Request OpenLoopSource::pop() {
  ensure(has_ahead_, "pop() follows a next_arrival() that is not kNever");
  Request request = std::move(ahead_);
  request.id = RequestId(popped_++);
  ahead_ = Request{};
  has_ahead_ = stream_->next(ahead_);
  ensure(!has_ahead_ || ahead_.arrival >= request.arrival, "arrivals never decrease");
  return request;
}

}  // namespace inferbench

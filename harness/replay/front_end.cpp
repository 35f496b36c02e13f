#include "harness/replay/front_end.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

Time FrontEnd::next_arrival() const {
  const Time sent = source_.next_arrival();
  if (sent == kNever) return kNever;
  return std::max(sent, free_) + times_.interval + times_.latency;
}

// The source's own arrivals are no events: those here come later.
Time FrontEnd::next_event() const {
  const Time event = source_.next_event();
  return event < source_.next_arrival() ? event : next_arrival();
}

Request FrontEnd::pop() {
  Request request = source_.pop();
  const Time sent = request.arrival;
  free_ = std::max(sent, free_) + times_.interval;
  request.arrival = free_ + times_.latency;
  late_.emplace(request.id.value, request.arrival - sent);
  return request;
}

void FrontEnd::accept(RequestRecord record) {
  const auto late = late_.find(record.id.value);
  ensure(late != late_.end(), "a record is of a request that passed the front end");
  record.scheduled -= late->second;
  record.issued -= late->second;
  if (record.parts != nullptr) record.parts->first_token[TimePart::gaps] += late->second;
  late_.erase(late);
  sink_.accept(std::move(record));
}

}  // namespace inferbench

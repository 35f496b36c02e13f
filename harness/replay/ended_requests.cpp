#include "harness/replay/ended_requests.hpp"

#include <algorithm>
#include <utility>

namespace inferbench {

void EndedRequests::tell(RequestSource& source, Time now) {
  if (fresh_.empty()) return;
  std::sort(fresh_.begin(), fresh_.end(),
            [](const Ended& left, const Ended& right) { return left.record.id < right.record.id; });
  for (Ended& ended : fresh_) {
    source.ended(ended.request, now);
    // Time with the client, at a router or lost with a replica is waiting; a prompt computed
    // elsewhere was followed by its keys and values on the way.
    const bool moved = ended.record.prefill_replica && ended.record.reroutes == 0;
    settle_parts(ended.record, TimePart::queue, moved ? TimePart::kv_transfer : TimePart::queue);
    told_.push_back(std::move(ended.record));
  }
  fresh_.clear();
}

void EndedRequests::hand_over(RecordSink& sink) {
  if (told_.empty()) return;
  std::sort(told_.begin(), told_.end(), [](const RequestRecord& left, const RequestRecord& right) {
    return left.id < right.id;
  });
  for (RequestRecord& record : told_) sink.accept(std::move(record));
  told_.clear();
}

}  // namespace inferbench

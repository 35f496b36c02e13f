#include "harness/replay/record_sinks.hpp"

#include <algorithm>
#include <utility>

namespace inferbench {

std::vector<RequestRecord> RecordList::take_by_id() {
  std::sort(
      records_.begin(), records_.end(),
      [](const RequestRecord& left, const RequestRecord& right) { return left.id < right.id; });
  return std::exchange(records_, {});
}

}  // namespace inferbench

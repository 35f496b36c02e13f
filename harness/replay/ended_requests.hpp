#pragma once

#include <vector>

#include "harness/replay/replica.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// The requests that ended at the present instant. The source hears of them first, because an answer
// can make the next request due at once; their records follow in order of id when the instant is
// over.
class EndedRequests {
 public:
  // Where replicas put what ended; cleared by hand_over.
  std::vector<Ended>& fresh() { return fresh_; }

  void tell(RequestSource& source, Time now);
  void hand_over(RecordSink& sink);

 private:
  std::vector<Ended> fresh_;
  std::vector<RequestRecord> told_;
};

}  // namespace inferbench

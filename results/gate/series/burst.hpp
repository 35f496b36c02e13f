#pragma once

#include <cstdint>

#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// Requests at even gaps, the same every time: of ids 0, 1, ... with prompts and answers that vary a
// little, so that batches change. The first four prefix blocks of all are alike, as a system prompt
// is.
class EvenRequests final : public RequestSource {
 public:
  EvenRequests(std::int64_t requests, Tokens input, Tokens output, Duration gap)
      : requests_(requests), input_(input), output_(output), gap_(gap) {}

  Time next_arrival() const override { return next_ < requests_ ? Time(gap_ * next_) : kNever; }
  Request pop() override;

 private:
  std::int64_t requests_, next_ = 0;
  Tokens input_, output_;
  Duration gap_;
};

inline constexpr Tokens kBurstHashTokens{16};  // a prefix hash per KV block

}  // namespace inferbench

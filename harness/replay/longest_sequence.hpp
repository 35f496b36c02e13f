#pragma once

#include "workloads/request_source.hpp"

namespace inferbench {

// A source whose users know the longest sequence that the system takes, as a client does who asks
// for min(max_tokens, what is left of the context): Request::max_output is lowered to what fits.
// A request whose true answer does not fit stays as it is, for the scheduler to reject.
class LongestSequenceSource final : public RequestSource {
 public:
  // Keeps a reference. `longest`: prompt and answer together.
  LongestSequenceSource(RequestSource& source, Tokens longest)
      : source_(source), longest_(longest) {}

  Time next_arrival() const override { return source_.next_arrival(); }
  Request pop() override;
  void wake(Time now) override { source_.wake(now); }
  Time next_event() const override { return source_.next_event(); }
  void ended(const Request& request, Time when) override { source_.ended(request, when); }
  WorkloadInfo info() const override { return source_.info(); }

 private:
  RequestSource& source_;
  Tokens longest_;
};

}  // namespace inferbench

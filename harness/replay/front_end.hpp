#pragma once

#include <cstdint>
#include <unordered_map>

#include "harness/replay/system_under_test.hpp"
#include "workloads/request_source.hpp"

namespace inferbench {

// What a request passes before the scheduler sees it: HTTP, tokeniser, hand-over between processes.
struct FrontEndTimes {
  Duration latency{};   // of one request; others pass at the same time
  Duration interval{};  // between two requests: the part that one thread does
  bool none() const { return latency == Duration(0) && interval == Duration(0); }
};

// A source whose requests reach the system when they have passed the front end, in the order in
// which they were sent. As a sink it dates their records back, so that latencies count from the
// user's sending. Keeps references.
class FrontEnd final : public RequestSource, public RecordSink {
 public:
  FrontEnd(RequestSource& source, RecordSink& sink, FrontEndTimes times)
      : source_(source), sink_(sink), times_(times) {}

  Time next_arrival() const override;
  Request pop() override;
  void wake(Time now) override { source_.wake(now); }
  Time next_event() const override;
  void ended(const Request& request, Time when) override { source_.ended(request, when); }
  WorkloadInfo info() const override { return source_.info(); }

  // Time in the front end counts as `gaps` where the request was taken apart.
  void accept(RequestRecord record) override;

 private:
  RequestSource& source_;
  RecordSink& sink_;
  FrontEndTimes times_;
  Time free_{};  // when the thread has done what was sent so far
  std::unordered_map<std::uint32_t, Duration> late_;  // by id, of open requests: since sending
};

}  // namespace inferbench

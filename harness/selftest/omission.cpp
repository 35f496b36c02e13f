// Coordinated omission: a client that waits for its answers does not send what it should while the
// system stalls, and latencies from send never see it. Source: Gil Tene, "How NOT to Measure
// Latency", 2013.

#include <memory>

#include "harness/metrics/summarize.hpp"
#include "harness/metrics/summary_values.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/schedule/registry.hpp"
#include "harness/selftest/groups.hpp"
#include "harness/selftest/simple_systems.hpp"

namespace inferbench {
namespace {

constexpr Duration kMillisecond{1'000'000};
constexpr std::int64_t kRequests = 1000, kStalled = 500;

}  // namespace

// One request is due every 10 ms and takes 1 ms, over one connection; the 501st takes 1,000 ms.
// The j-th after it is due 10 j ms later and ends 1,000 + j ms after the stall began: E2E is
// 1,000 - 9 j ms until that falls to 1 ms at j = 111. Rank 0.99 x 999 = 989.01 of the ascending
// latencies lies between j = 10 (910 ms) and j = 9 (919 ms): p99 = 910.09 ms. From send all but one
// take 1 ms.
std::vector<SelfCheck> coordinated_omission_checks(const SelfTestOptions& /*options*/) {
  std::vector<Time> due;
  for (std::int64_t i = 0; i < kRequests; ++i) due.emplace_back(10 * kMillisecond * i);
  TimedSource arrivals(due);
  ConnectionLimit client(arrivals, 1);
  SchedulerOptions options;
  options.max_batch = 1;
  options.kv_blocks = 4;
  const auto scheduler = make_scheduler("in_flight", options);
  ServiceExecutor executor(
      [](RequestId id) { return id.index() == kStalled ? 1000 * kMillisecond : kMillisecond; });
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock);
  RecordList list;
  engine.serve(client, list);
  const Summary summary = summarize(list.records());
  const auto value = [&](const char* metric, double percentile) {
    return value_of(summary, metric, percentile).value_or(-1);
  };
  return {
      equal_check("1 s stall: E2E p99 from schedule", "ms", 910.09, value("e2e", 99)),
      equal_check("1 s stall: TTFT p99 from schedule", "ms", 910.09, value("ttft", 99)),
      equal_check("1 s stall: E2E p99 from send, which hides it", "ms", 1,
                  value("e2e_from_send", 99)),
  };
}

}  // namespace inferbench

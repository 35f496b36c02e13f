// Latencies that are known beforehand must come out of records, summary and percentiles unchanged.

#include "harness/metrics/summarize.hpp"
#include "harness/metrics/summary_values.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/selftest/groups.hpp"
#include "harness/selftest/simple_systems.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kRequests = 1000, kTokens = 11;
constexpr Duration kMillisecond{1'000'000};

// Every whole millisecond from 1 to 1,000 once, in an order that no metric may depend on.
Duration first_token(RequestId id) {
  constexpr std::int64_t kStride = 7919;  // a prime: coprime to kRequests
  return kMillisecond * (static_cast<std::int64_t>(id.index()) * kStride % kRequests + 1);
}

}  // namespace

// TTFT is 1, 2, ... 1,000 ms, then ten gaps of 20 ms. Between neighbours of rank p/100 x 999:
// p50 = 500.5, p90 = 900.1, p99 = 990.01.
std::vector<SelfCheck> fixed_latency_checks(const SelfTestOptions& /*options*/) {
  std::vector<Time> arrivals;
  for (std::int64_t i = 0; i < kRequests; ++i) arrivals.emplace_back(10 * kMillisecond * i);
  TimedSource source(arrivals, Tokens(16), Tokens(kTokens));
  FixedLatencySystem system(first_token, 20 * kMillisecond);
  RecordList list;
  system.serve(source, list);
  const Summary summary = summarize(list.records());

  struct Expected {
    const char* metric;
    std::optional<double> percentile;
    const char* text;
    const char* unit;
    double value;
  };
  const std::vector<Expected> all = {
      {"ttft", {}, "TTFT mean", "ms", 500.5},     {"ttft", 50, "TTFT p50", "ms", 500.5},
      {"ttft", 90, "TTFT p90", "ms", 900.1},      {"ttft", 99, "TTFT p99", "ms", 990.01},
      {"tpot", 99, "TPOT p99", "ms", 20},         {"itl", 50, "ITL p50", "ms", 20},
      {"e2e", 99, "E2E p99", "ms", 990.01 + 200}, {"tps_user", 50, "TPS/user p50", "tokens/s", 50},
  };
  std::vector<SelfCheck> checks;
  for (const Expected& expected : all) {
    const auto found = value_of(summary, expected.metric, expected.percentile);
    checks.push_back(equal_check(expected.text, expected.unit, expected.value, found.value_or(-1)));
  }
  return checks;
}

}  // namespace inferbench

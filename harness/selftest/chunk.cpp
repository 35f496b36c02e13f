// Servers send several tokens in one chunk, and speculative decoding makes several visible in one
// step. A chunk is not a token: gaps and rates are of tokens.

#include "harness/metrics/summarize.hpp"
#include "harness/metrics/summary_values.hpp"
#include "harness/selftest/groups.hpp"

namespace inferbench {
namespace {

constexpr Duration kMillisecond{1'000'000};

RequestRecord chunked(std::int64_t chunks, std::int64_t tokens_each) {
  RequestRecord record;
  record.outcome = Outcome::completed;
  record.input = Tokens(16);
  record.output = Tokens(chunks * tokens_each);
  record.admitted = Time{};
  std::vector<Time> times;
  for (std::int64_t c = 0; c < chunks; ++c) {
    const Time at(100 * kMillisecond + 40 * kMillisecond * c);
    times.insert(times.end(), static_cast<std::size_t>(tokens_each), at);
  }
  record.ended = times.back();
  record.token_times = TokenTimes(std::move(times));
  return record;
}

}  // namespace

// Five chunks of 4 tokens, the first at 100 ms, then 40 ms apart; 20 tokens in 260 ms.
//   TPOT = 160 ms / 19 tokens             (by chunks it would be 40)
//   ITL: the first chunk's other 3 tokens come at once (3 x 0), each later chunk gives 4 x 10 ms:
//        mean = 160 / 19, largest 10      (by chunks 40)
//   output tokens/s of the full window = 20 / 0.26
std::vector<SelfCheck> chunk_checks(const SelfTestOptions& /*options*/) {
  const std::vector<RequestRecord> records = {chunked(5, 4)};
  const Summary summary = summarize(records);
  const auto mean = [&](const char* metric) { return value_of(summary, metric, {}).value_or(-1); };
  double largest = -1, samples = -1;
  for (const DistributionMetric& metric : summary.distributions) {
    if (metric.id != "itl") continue;
    largest = metric.max.value_or(-1);
    samples = static_cast<double>(metric.count);
  }
  return {
      equal_check("5 chunks of 4 tokens: TPOT", "ms", 160.0 / 19, mean("tpot")),
      equal_check("5 chunks of 4 tokens: ITL mean", "ms", 160.0 / 19, mean("itl")),
      equal_check("5 chunks of 4 tokens: ITL max", "ms", 10, largest),
      equal_check("5 chunks of 4 tokens: ITL samples", "", 19, samples),
      equal_check("5 chunks of 4 tokens: output tokens/s", "tokens/s", 20 / 0.26,
                  rate_of(summary, "full", "output_throughput").value_or(-1)),
  };
}

}  // namespace inferbench

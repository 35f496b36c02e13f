#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/replay/request_record.hpp"

namespace inferbench {

// Samples of one latency in seconds, sorted, with the statistics that numpy gives.
class SecondsSamples {
 public:
  SecondsSamples() = default;
  explicit SecondsSamples(std::vector<double> seconds);

  bool empty() const { return sorted_.empty(); }
  std::size_t count() const { return sorted_.size(); }
  double mean() const;                      // these four need a sample
  double stddev() const;                    // of the population (numpy.std, ddof = 0)
  double percentile(double percent) const;  // linear interpolation (numpy.percentile)
  double median() const { return percentile(50); }

 private:
  std::vector<double> sorted_;
};

// What vLLM's `calculate_metrics` takes from a run, by its definitions: latencies start where the
// request is sent (t_issue), not where it was due; only completed requests count; ITL is pooled
// over requests; TPOT is (E2E - TTFT) / (n - 1), without requests of one token.
//
// Source: vllm/benchmarks/serve.py, calculate_metrics.
struct ServingFigures {
  std::uint64_t completed = 0, failed = 0;
  std::int64_t input_tokens = 0, output_tokens = 0;  // of completed requests
  double duration_s = 0;                             // first request due to last request ended
  SecondsSamples ttft, tpot, itl, e2el;
  SecondsSamples client_queue;                 // t_issue - t_sched
  SecondsSamples e2el_including_client_queue;  // last token - t_sched
  std::int64_t peak_output_tokens_per_s = 0;   // fullest bucket of one second
  std::int64_t peak_concurrent_requests = 0;   // over half-open intervals [sent, last token)

  double request_throughput() const { return static_cast<double>(completed) / duration_s; }
  double input_throughput() const { return static_cast<double>(input_tokens) / duration_s; }
  double output_throughput() const { return static_cast<double>(output_tokens) / duration_s; }
  double total_token_throughput() const {
    return static_cast<double>(input_tokens + output_tokens) / duration_s;
  }
};

// Throws Error, naming `place`, when no request completed or no time passed: there is nothing that
// another tool could read.
ServingFigures serving_figures(std::span<const RequestRecord> records, const std::string& place);

}  // namespace inferbench

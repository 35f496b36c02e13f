#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

enum class Better { lower, higher, neither };

struct Quantile {
  double percentile = 0;        // 0 < percentile < 100
  std::optional<double> value;  // absent when the samples are too few for it to mean anything
};

// A metric with one sample per request, token gap or step.
struct DistributionMetric {
  std::string id;          // "ttft", "itl", "tps_user"
  std::string unit;        // "ms", "tokens/s"
  std::string definition;  // "first output token minus scheduled arrival; queueing included"
  Better better = Better::lower;
  std::uint64_t count = 0;
  std::optional<double> mean, stddev, min, max;  // absent when count is 0 (stddev: below 2)
  std::vector<Quantile> quantiles;
};

// A metric with one value per run.
struct ScalarMetric {
  std::string id;  // "output_tps_gpu"
  std::string unit;
  std::string definition;
  Better better = Better::higher;
  std::optional<double> value;
  std::string absent_because;  // set when value is absent
};

// A stretch of the run over which rates are taken.
struct Window {
  std::string name;  // "full", "steady", "active"
  std::string definition;
  bool found = false;
  Time begin{}, end{};
  std::vector<ScalarMetric> rates;  // throughput per second, per GPU, ...
};

struct SloOutcome {
  std::string constraint;          // "ttft_p99 <= 2000 ms"
  std::optional<double> attained;  // the metric's value
  bool met = false;
  // Of the completed, rejected, cancelled and failed requests: those that meet it by themselves.
  // Errors do not; requests cut off by the end of the run are left out.
  double share_of_requests = 0;
};

// What a latency went to: its mean over requests, split. The parts add up to it.
struct LatencyParts {
  std::string metric;                                 // "ttft", "tpot"
  std::string over;                                   // "all", "slowest_tenth" of that metric
  std::uint64_t count = 0;                            // requests, >= 1
  double mean_ms = 0;                                 // of the metric over them
  std::vector<std::pair<std::string, double>> parts;  // ms, in the order of TimePart, none left out
  double prefill_ms = 0;  // within the parts: the own share of steps that computed prompts
  double hidden_collectives_ms = 0;  // beside them: ran while compute did
};

struct ValidityReason {
  std::string id;    // "too_few_samples", "saturated", "no_steady_state"
  std::string text;  // one sentence with the numbers
  bool invalidates = false;
};

struct Validity {
  bool valid = true;
  std::vector<ValidityReason> reasons;
};

struct OutcomeCounts {
  std::uint64_t requests = 0, completed = 0, rejected = 0, cancelled = 0, failed = 0,
                unfinished = 0;
  std::vector<std::pair<std::string, std::uint64_t>> reasons{};  // why not completed; none is 0
};

// Everything a run's records say, with definitions and units beside the numbers.
struct Summary {
  OutcomeCounts outcomes;
  std::string percentile_method;  // "linear", "nearest_rank", "loadgen_floor"
  std::vector<DistributionMetric> distributions;
  std::vector<ScalarMetric> scalars;
  std::vector<Window> windows;
  std::string headline_window;  // "steady" when found, else "full"
  std::vector<SloOutcome> slo;
  std::vector<LatencyParts> latency_parts{};  // empty where nobody took requests apart
  Validity validity;
};

}  // namespace inferbench

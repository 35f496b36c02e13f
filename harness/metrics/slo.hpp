#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// One limit of a service level objective: "the 99th percentile of TTFT is at most 2000 ms".
struct SloConstraint {
  std::string metric;                // "ttft", "tpot", "itl", "e2e", "tps_user", ...
  std::optional<double> percentile;  // absent: the mean
  double limit = 0;                  // in the metric's unit, ms or tokens/s
  bool at_least = false;             // a floor (tokens/s) and not a ceiling (latency)

  std::string statistic() const;  // "ttft_p99", "tpot_mean"
  std::string unit() const;       // "ms", "tokens/s"
  bool met_by(double value) const { return at_least ? value >= limit : value <= limit; }
};

struct Slo {
  std::string name;  // as given
  std::vector<SloConstraint> constraints;
};

std::string label(const SloConstraint& constraint);  // "ttft_p99 <= 2000 ms"

// Reads one of
//
//   mlperf:llama2-70b:interactive           a name from named_slos()
//   ttft_p99=2s,tpot_p99=50ms,e2e_mean=30s  metric_statistic=limit; the unit must be given
//   tps_user_p10=20                         tokens per second: at least; low percentiles are the
//                                           slow users
//
// Statistics: p50, p99, p99.9, ..., median, mean. Units: ns, us, ms, s, min. Throws Error with the
// nearest names.
Slo parse_slo(const std::string& text);

struct NamedSlo {
  std::string name;         // "mlperf:llama2-70b:server"
  std::string constraints;  // "ttft_p99=2000ms,tpot_p99=200ms"
  std::string source;
};

// Every SLO with a name, for `inferbench list slos`.
const std::vector<NamedSlo>& named_slos();

// Metrics that can be limited, with the unit of their limit.
std::vector<std::string> slo_metrics();

}  // namespace inferbench

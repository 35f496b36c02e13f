#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/metrics/slo.hpp"
#include "harness/metrics/summary.hpp"
#include "harness/metrics/window.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {

// Whether a completed request meets a constraint by itself: its own TTFT, TPOT, ... is within the
// limit, whatever the percentile. Of its many gaps, the constraint's percentile (nearest rank) or
// mean counts. A metric that a one-token answer does not have is met.
bool meets(const RequestRecord& record, const SloConstraint& constraint);

// Requests that meet every constraint, against those that ended (errors count as bad; requests that
// the end of the run cut off are left out).
struct Goodput {
  std::uint64_t good = 0, ended = 0;
  std::uint64_t good_tokens = 0;       // output tokens of the good ones
  std::vector<std::uint64_t> meeting;  // by constraint: requests that meet it by themselves
};

Goodput goodput(std::span<const RequestRecord> records, const Slo& slo);

// "request_goodput", "slo_attainment", "token_goodput"; absent without an SLO.
std::vector<ScalarMetric> goodput_metrics(const std::optional<Goodput>& goodput,
                                          const Stretch& full);

}  // namespace inferbench

#pragma once

#include <span>

#include "harness/metrics/summary.hpp"
#include "harness/metrics/summary_options.hpp"
#include "harness/replay/request_record.hpp"

namespace inferbench {

// Whether a run's numbers can be used, with every reason for and against. Reasons, in this order:
//
//   no_completed_requests  invalidates
//   errors                 rejected or cancelled requests; above 1 % invalidates
//   unfinished_requests    the end of the run cut requests off; they are in no latency
//   saturated              open loop: waits kept growing while requests arrived; invalidates
//   schedule_lag           requests were handed over late: p99 (with too few requests for it the
//                          worst) above 1 % of the median (mean) TTFT; invalidates
//   no_steady_state        rates are of the full window, ramp-up and drain included
//   too_few_samples        percentiles left out; invalidates when the SLO asks for one of them
//   slo_not_confident      an SLO is met, but not at 99 % confidence
//
// `summary` is complete but for its validity.
Validity judge(std::span<const RequestRecord> records, const Summary& summary,
               const SummaryOptions& options);

}  // namespace inferbench

#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"
#include "harness/replay/time_parts.hpp"
#include "harness/replay/token_times.hpp"

namespace inferbench {

// How a request ended; each ends in exactly one way.
enum class Outcome {
  unfinished,  // the run was cut while the request was open
  completed,
  rejected,   // not taken: it can never run, or there was no room for it
  cancelled,  // the client gave up
  failed,     // what served it failed
};

// Why it did not complete.
enum class Reason {
  none,            // it completed
  cut,             // unfinished: the end of the run
  too_long,        // rejected: larger than the KV pool or the model's context
  overloaded,      // rejected or failed: as many requests were open as may be
  no_replica,      // rejected or failed: no replica served
  ttft_timeout,    // cancelled: no first token in time
  total_timeout,   // cancelled: no last token in time
  replica_failed,  // failed: with the replica that served it
};

std::string_view name(Outcome outcome);
std::string_view name(Reason reason);

// What happened to one request. Latencies are computed from it, never stored beside it
// (harness/metrics says how).
struct RequestRecord {
  RequestId id{};
  SessionId session{};
  Outcome outcome = Outcome::unfinished;
  Reason reason = Reason::none;
  Tokens input{};
  Tokens output{};               // tokens asked for; on completion token_times.size() equals it
  Time scheduled{};              // t_sched: when the request was due
  Time issued{};                 // t_issue: when it was handed to the system; >= scheduled
  std::optional<Time> admitted;  // t_admit: first planned in a step
  TokenTimes token_times;        // when each output token became visible; never decreases
  Time ended{};                  // completion, rejection, cancellation or failure
  std::int32_t preemptions = 0;
  std::int32_t replica = 0;   // where it ended
  std::int32_t attempts = 1;  // times the client asked; token times are of the last one
  std::int32_t reroutes = 0;  // times it went on at another replica after a failure
  // Disaggregated serving: the replica that computed the prompt, when another one decoded.
  std::optional<std::int32_t> prefill_replica{};
  // What the time to the first and to the last token went to, where a Decomposition looked on. They
  // add up to both, so nothing here is a latency of its own.
  std::shared_ptr<RequestParts> parts{};
};

}  // namespace inferbench

#pragma once

#include <optional>
#include <string_view>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"
#include "harness/replay/token_times.hpp"

namespace inferbench {

enum class Outcome {
  unfinished,  // the run was cut while the request was open
  completed,
  rejected,  // can never run: larger than the KV pool or the model's context
  cancelled,
};

std::string_view name(Outcome outcome);

// What happened to one request. Latencies are computed from it, never stored beside it
// (harness/metrics says how).
struct RequestRecord {
  RequestId id{};
  SessionId session{};
  Outcome outcome = Outcome::unfinished;
  Tokens input{};
  Tokens output{};               // tokens asked for; on completion token_times.size() equals it
  Time scheduled{};              // t_sched: when the request was due
  Time issued{};                 // t_issue: when it was handed to the system; >= scheduled
  std::optional<Time> admitted;  // t_admit: first planned in a step
  TokenTimes token_times;        // when each output token became visible; never decreases
  Time ended{};                  // completion, rejection or cancellation
  std::int32_t preemptions = 0;
  std::int32_t replica = 0;
};

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <optional>

#include "harness/base/units.hpp"

namespace inferbench {

// What the rows of a conversation count: the whole prompt, or only what its user added.
enum class TurnLengths {
  cumulative,   // input length includes the history
  incremental,  // input length is the new message; the reader adds the history
  first,        // only the first turn of each conversation is used
};

// Between an answer's end and its user's next request.
struct ThinkTime {
  Duration mean{0};
  bool exponential = false;  // false: always `mean`
};

// What a scheduler may know of an answer's length (Request::max_output).
struct MaxOutput {
  enum class Policy {
    longest,  // the longest answer of the workload, for every request
    fixed,    // `tokens` for every request; longer answers end there, as max_tokens ends them
    oracle,   // each request's own output: what no server knows
  };
  Policy policy = Policy::longest;
  Tokens tokens{0};
};

// How a workload is read and offered. Defaults replay it as it is.
struct WorkloadOptions {
  std::uint64_t seed = 0;                   // of generators, ServeGen, jitter and think times
  std::optional<std::int64_t> requests;     // the first N, >= 1
  std::optional<double> rate;               // requests per second: rescales a trace's time line
  double time_scale = 1.0;                  // multiplies a trace's arrival times
  std::optional<Duration> window_begin;     // only arrivals in [begin, end) after the first
  std::optional<Duration> window_end;       //
  std::optional<std::int64_t> concurrency;  // closed loop of this many users; arrivals unused
  ThinkTime think_time;                     // closed loop, and between the turns of conversations
  bool jitter = false;                      // spread quantised arrivals inside their quantum
  std::optional<TurnLengths> turns;         // required when a trace has conversations
  bool sort = false;                        // load and sort rows that are not in order
  bool skip_invalid = false;                // skip and count rows that cannot be used
  MaxOutput max_output;
};

}  // namespace inferbench

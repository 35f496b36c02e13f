#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "workloads/request_stream.hpp"
#include "workloads/synthetic/arrival_process.hpp"
#include "workloads/workload_options.hpp"

namespace inferbench {

// What stands between a reader or generator and a run. Each stage takes a stream, changes one thing
// and renumbers the ids; together they read like the options they come from.
using Stream = std::unique_ptr<RequestStream>;

// Throws Error, naming the row and --sort, when an arrival lies before the one in front of it.
Stream checked_order(Stream stream);
// The rows by arrival, ties as in the file. Holds all of them.
Stream sorted(Stream stream);
// Arrivals relative to the first one.
Stream rebased(Stream stream);
// Arrivals in [begin, end), relative to begin.
Stream windowed(Stream stream, Duration begin, Duration end);
// The first `count` requests.
Stream first_requests(Stream stream, std::int64_t count);
// Arrivals times `factor`.
Stream time_scaled(Stream stream, double factor);
// Requests of one timestamp spread over the time to the next one, `quantum` at most: uniform, by
// (seed, position in the trace), then in order. Holds the requests of one timestamp.
Stream jittered(Stream stream, Duration quantum, std::uint64_t seed);
// Request::max_output by `policy`; `longest` is the longest answer. Under Policy::fixed longer
// answers end at the cap.
Stream with_max_output(Stream stream, MaxOutput policy, Tokens longest);
// Times for an untimed stream: conversations begin as `arrivals` says, each later turn `gap` after
// the turn before it. Ends when the process or the stream ends. Holds the conversations that have
// begun. Throws Error at a second turn when there is no gap.
Stream timed(Stream conversations, ArrivalProcess arrivals, std::optional<ThinkTime> gap,
             std::uint64_t seed);

// The pause before request `index` of a stream of thoughts.
Duration think(const ThinkTime& time, const RandomStream& random, std::uint64_t index);

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/output_file.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// Members of a JSON object, written one after the other.
class TraceArgs {
 public:
  TraceArgs& add(std::string_view key, std::int64_t value);
  TraceArgs& add(std::string_view key, double value);
  TraceArgs& add(std::string_view key, std::string_view text);  // without quotes or backslashes
  // `json` as it stands.
  TraceArgs& add_json(std::string_view key, std::string_view json);
  const std::string& json() const { return json_; }

 private:
  std::string json_;  // without the braces
};

// Where an event stands: a thread of a process, as viewers call them.
struct TraceLane {
  std::int64_t process = 0, thread = 0;
};

// Events in the JSON of the Trace Event Format, which Perfetto (ui.perfetto.dev) and
// chrome://tracing read: an object with "traceEvents", times in microseconds with three decimals,
// so that no nanosecond is lost. Streamed, and there under its name once committed.
//
// Slices of one lane must lie inside or beside each other, never across. A flow binds to the slice
// around its time; of slices that begin with it, to those written before it.
//
// Source: "Trace Event Format",
// docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
class TraceFile {
 public:
  // Throws Error for a place that cannot be written.
  explicit TraceFile(std::string path);

  void name_process(std::int64_t process, std::string_view name);
  void name_lane(TraceLane lane, std::string_view name);
  void slice(TraceLane lane, std::string_view name, Time begin, Duration duration,
             const TraceArgs& args = {});
  // One chart with a line per member, each >= 0.
  void counter(std::int64_t process, std::string_view name, Time at, const TraceArgs& values);
  enum class Flow { start, step, end };
  void flow(Flow which, std::uint64_t id, TraceLane lane, Time at);

  void commit();  // throws Failure

 private:
  void begin_event(char phase, std::string_view name, TraceLane lane);
  void time(std::string_view key, std::int64_t ns);
  void end_event();

  OutputFile file_;
  std::string buffer_;
};

}  // namespace inferbench

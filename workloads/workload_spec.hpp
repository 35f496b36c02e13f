#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/load.hpp"
#include "workloads/request_stream.hpp"
#include "workloads/synthetic/arrival_process.hpp"

namespace inferbench {

// A spec, understood: how to open its requests and what remains to be done to them.
struct WorkloadSpec {
  std::string name;    // short, for tables
  std::string source;  // the spec, with its seed where one matters
  StreamFactory open;
  std::vector<std::string> notes;

  bool timed = true;       // the stream has arrivals of its own
  bool rebase = false;     // they count from the trace's epoch, not from the run's begin
  bool rate_done = false;  // the stream is at WorkloadOptions::rate already
  bool window_done = false;

  // Untimed streams only.
  std::function<ArrivalProcess()> arrivals;
  bool at_once = false;
  std::optional<ThinkTime> gap;
  std::optional<std::int64_t> requests;  // where an endless stream is cut
};

// Throws Error for a name that is in no list, with the nearest ones.
WorkloadSpec understand(std::string_view spec, const WorkloadOptions& options);

}  // namespace inferbench

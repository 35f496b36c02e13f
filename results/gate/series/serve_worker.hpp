#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/timing/stopwatch.hpp"
#include "results/gate/series/gate_series.hpp"

namespace inferbench {

struct ServeOptions {
  std::string suite;      // as the hello says
  double slowdown = 0;    // every run takes so much longer, as a part of its time: 0.05
  std::string slow_only;  // of series whose names begin so
};

// Answers the commands of worker_protocol.hpp until the end of input. A command that is none is
// answered by a line that is no answer, and ends it: false.
bool serve_worker(const std::vector<GateSeries>& series, const ServeOptions& options,
                  Stopwatch& stopwatch, std::istream& commands, std::ostream& answers);

}  // namespace inferbench

#pragma once

#include <string>

#include "results/gate/worker.hpp"

namespace inferbench {

// Commands go to a worker's standard input, one a line; each is answered by one line of JSON on its
// standard output. The worker speaks first: its hello. End of input ends it.
//
//   code           {"code":"<sha256>"}
//   open 3 check   {"opened":3,"sum":1.5,"magnitude":2.5,"tolerance":0.001,"exact":{"steps":40}}
//   open 3         the same, without comparison with the reference
//   run 3 120      {"ran":3,"wall_ns":510000,"cpu_ns":509000,"preemptions":0}
//
// A series that cannot be opened: {"opened":3,"skipped":"needs avx512"} or
// {"opened":3,"wrong":...}.
inline constexpr int kWorkerProtocol = 1;

std::string to_line(const WorkerHello& hello);
std::string to_line(std::size_t series, const OpenedSeries& opened);
std::string to_line(std::size_t series, const SliceTime& time);
std::string code_line(const std::string& hash);

// Each throws WorkerFailure for a line that is not such an answer, of this series.
WorkerHello parse_hello(const std::string& line);
OpenedSeries parse_opened(const std::string& line, std::size_t series);
SliceTime parse_slice(const std::string& line, std::size_t series);
std::string parse_code(const std::string& line);

}  // namespace inferbench

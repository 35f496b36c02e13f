#pragma once

#include <cstdint>

#include "workloads/request_stream.hpp"

namespace inferbench {

// What must be known of a stream before it is replayed; from one pass, in constant memory.
struct StreamProfile {
  std::uint64_t requests = 0;
  Time first{}, last{};
  Tokens longest_output{0};
  std::uint64_t cut_outputs = 0;  // answers longer than `output_cap`
  bool conversations = false;     // some requests share a session
  std::uint64_t timestamps = 0;   // distinct arrivals
  // How far apart timestamps stand when several requests share each (the median gap); zero when
  // they are not quantised: fewer than two requests per timestamp, or fewer than 3 timestamps.
  Duration quantum{0};

  // (requests - 1) / span, requests per second; 0 when all arrive at once.
  double rate() const;
};

// Reads `stream` to its end. `output_cap` is what cut_outputs counts against; 0: no cap.
StreamProfile profile(RequestStream& stream, Tokens output_cap);

}  // namespace inferbench

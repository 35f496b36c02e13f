#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "workloads/request.hpp"

namespace inferbench {

// What a result file says about the requests of a run.
struct WorkloadInfo {
  std::string name;                         // short, for tables
  std::string source;                       // file, preset or generator with parameters and seed
  Tokens block_tokens{0};                   // tokens per prefix block; 0 when requests carry none
  std::optional<std::uint64_t> requests;    // how many will come; absent when not known before
  std::optional<std::int64_t> concurrency;  // closed loop: users; absent in open loop
  bool conversations = false;               // some requests share a session
  std::vector<std::string> notes;           // what was skipped, jittered, rescaled, assumed
};

// Requests as a run consumes them. Open loop: arrivals follow the clock. Closed loop: a request
// becomes due when an earlier answer has ended (and its user has thought).
class RequestSource {
 public:
  virtual ~RequestSource() = default;

  // When the next request is due; kNever while none can be due before another answer ends, or when
  // there are no more.
  virtual Time next_arrival() const = 0;
  // The request due at next_arrival(); ids count up from 0 in the order of pops.
  virtual Request pop() = 0;
  // The run has come to this instant: a source with events of its own handles those that are due.
  // Called before next_arrival is asked.
  virtual void wake(Time now) { (void)now; }
  // When it wants to be woken next: not after next_arrival(). kNever as there.
  virtual Time next_event() const { return next_arrival(); }
  // An answer ended, whatever its outcome.
  virtual void ended(const Request& request, Time when) { (void)request, (void)when; }
  // For the output of the run.
  virtual WorkloadInfo info() const { return {}; }
};

}  // namespace inferbench

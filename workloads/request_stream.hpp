#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "workloads/request.hpp"

namespace inferbench {

// Requests one after the other, as a trace reader or a generator makes them and as the stages of
// workloads/stages.hpp pass them on. Memory does not grow with the number of requests.
//
// A timed stream carries arrivals. An untimed one (a generator, ShareGPT) leaves them at zero and
// keeps the turns of a conversation together; ArrivalStage or ClosedLoopSource gives them a time.
class RequestStream {
 public:
  virtual ~RequestStream() = default;

  // Fills `request`, whose buffers are reused, and returns true; false at the end. Ids count up
  // from 0. Throws Error with file and line for input that cannot be used.
  virtual bool next(Request& request) = 0;

  // Tokens per prefix block; 0 when requests carry none. Known once the first request was read.
  virtual Tokens block_tokens() const { return Tokens(0); }
  // Where the last request stands, "azure.csv:1041"; for messages.
  virtual std::string place() const { return ""; }
  // What was skipped or assumed up to here; complete when next() has returned false.
  virtual std::vector<std::string> notes() const { return {}; }
};

// Opens the same requests from their beginning, as often as it is called.
using StreamFactory = std::function<std::unique_ptr<RequestStream>()>;

}  // namespace inferbench

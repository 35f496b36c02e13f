#pragma once

#include "harness/replay/request_record.hpp"
#include "workloads/request_source.hpp"

namespace inferbench {

// Receives each request's record when the request ends, in order of ending (ties by id).
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void accept(RequestRecord record) = 0;
};

// Whatever serves requests: an engine, a fleet, a live server.
class SystemUnderTest {
 public:
  virtual ~SystemUnderTest() = default;
  // Serves until the source is exhausted and every request has ended.
  virtual void serve(RequestSource& source, RecordSink& sink) = 0;
};

}  // namespace inferbench

#pragma once

#include <optional>

#include "harness/replay/clock.hpp"
#include "harness/replay/ended_requests.hpp"
#include "harness/replay/replica.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

struct EngineOptions {
  int stages = 1;             // pipeline stages: steps that may be in flight
  std::optional<Time> cut{};  // the run ends here; requests still open end as unfinished
  StepObserver* observer = nullptr;
};

// One replica under a workload: requests in, records out. On a simulated clock the run is a
// modelled one; on a wall clock with an executor that computes, a measurement.
class Engine final : public SystemUnderTest {
 public:
  // Keeps references to all three.
  Engine(Scheduler& scheduler, Executor& executor, Clock& clock, EngineOptions options = {});

  // Serves until the source is exhausted and every request has ended, or until the cut.
  void serve(RequestSource& source, RecordSink& sink) override;

  ReplicaStats stats() const { return replica_.stats(); }

 private:
  void admit_arrivals(RequestSource& source);

  Replica replica_;
  Clock& clock_;
  EngineOptions options_;
  EndedRequests ended_;
  Time step_begin_{}, step_end_{};  // by the clock, of the step computed last
};

}  // namespace inferbench

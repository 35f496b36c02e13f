#pragma once

#include <vector>

#include "harness/base/ids.hpp"
#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/step_result.hpp"
#include "workloads/request.hpp"

namespace inferbench {

enum class Admission {
  queued,
  rejected_too_long,  // can never fit the KV pool or the model's context, even alone
};

// Decides what runs in each step. It sees no clock, no hardware and no model, and reads
// Request::output nowhere but where an answer ends (in commit).
//
// Several steps may be in flight (pipeline stages): a request whose decode is in flight is not
// planned again before its step is committed. Steps are committed in the order they were planned.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  virtual Admission admit(const Request& request) = 0;
  // Forgets a request, queued or running; its KV blocks are free once no step in flight uses them.
  virtual void cancel(RequestId request) = 0;
  // The next step's work; empty: nothing can run before a commit or an admission.
  virtual BatchPlan plan() = 0;
  // That step finished: the tokens it made visible, in the plan's order.
  virtual std::vector<Emission> commit(StepId step, const StepResult& result) = 0;
};

}  // namespace inferbench

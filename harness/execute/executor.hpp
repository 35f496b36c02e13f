#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/step_result.hpp"
#include "harness/timing/kernel_span.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// The kernels of a step, and by the same clock when the step began.
struct KernelTrace {
  std::span<const KernelSpan> kernels{};
  Duration begin{};
};

// Runs one step: predicts it (modelled) or computes it (cpu, cuda; these block until done).
class Executor {
 public:
  virtual ~Executor() = default;
  virtual StepResult run(const BatchPlan& plan) = 0;
  // Executors that compute on a thread of their own, while others do: begin() returns at once, and
  // the plan outlives the step; finish() waits for its end. One step at a time.
  virtual bool concurrent() const { return false; }
  virtual void begin(const BatchPlan& plan) { (void)plan; }
  virtual bool finished() const { return true; }
  virtual StepResult finish() { return {}; }
  // A request that was queued, before it stands in a plan; and that one ended and stands in none
  // any more. Executors that compute keep its text between the two.
  virtual void open(const Request& request) { (void)request; }
  virtual void close(RequestId request) { (void)request; }
  // Whether kernels are to be noted from now on, by executors that compute; and those of the step
  // run last, good until the next one.
  virtual void trace_kernels(bool on) { (void)on; }
  virtual KernelTrace kernel_trace() const { return {}; }
  // Whether foretell() may have something to say.
  virtual bool foretells() const { return false; }
  // Timings of the same step run again after `plan`, each time with every context one token longer,
  // exactly as run() would give them one by one: at most `most`, and no more once their `elapsed`
  // add up to `until`. Appends nothing where that cannot be foretold, as when steps really run.
  virtual void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                        std::vector<StepTiming>& timings) {
    (void)plan, (void)most, (void)until, (void)timings;
  }
};

}  // namespace inferbench

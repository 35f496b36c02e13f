#pragma once

#include <cstdint>
#include <span>

#include "harness/base/ids.hpp"
#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/kv_block_pool.hpp"
#include "harness/schedule/kv_stats.hpp"
#include "harness/schedule/step_result.hpp"
#include "workloads/request.hpp"

namespace inferbench {

enum class Admission {
  queued,
  rejected_too_long,  // could outgrow the KV pool or the model's context, even alone
};

// How full a scheduler is; KV blocks are summed over its attention ranks.
struct SchedulerState {
  std::int64_t waiting = 0, running = 0;  // requests
  std::int64_t kv_capacity = 0, kv_used = 0, kv_peak_used = 0;
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
  // A request whose prompt was computed elsewhere (disaggregated serving): its keys and values and
  // its first token have arrived, and it goes on as a decode once it has KV blocks. An answer of
  // one token is complete there and does not come here.
  virtual Admission admit_prefilled(const Request& request) = 0;
  // Forgets a request, queued or running; its KV blocks are free once no step in flight uses them.
  virtual void cancel(RequestId request) = 0;
  // The next step's work. Empty: nothing can run before a commit or an admission; such a plan has
  // no step and is not committed. The reference is good until the next call of plan or commit.
  virtual const BatchPlan& plan() = 0;
  // That step finished: the tokens it made visible, in the plan's order. The span is good until the
  // next call.
  virtual std::span<const Emission> commit(StepId step, const StepResult& result) = 0;

  virtual SchedulerState state() const = 0;
  // Where an open request's keys and values lie, in token order, as of the last plan; good until
  // the next call of plan or commit. Empty where nobody can say: executors that compute cannot run
  // then.
  virtual std::span<const BlockRun> kv_blocks(RequestId request) const {
    (void)request;
    return {};
  }
  // What its KV memory did so far.
  virtual KvStats kv_stats() const { return {}; }

  // How many further times the step just planned would be planned again, each time with every
  // context one token longer, if only its own commits came between: no arrival, no cancellation, no
  // answer that ends before the last of them is committed. 0: not, or not known. Modelled time uses
  // it to take a run of decode steps in one stride, with the records of step after step.
  //
  // The only place beside commit that looks at where answers end, and for the same purpose.
  virtual std::int64_t repeats() const { return 0; }
  // As if the step in flight had been committed and planned again so many times, at most repeats()
  // in all since it was planned. Each time every item made one token visible.
  virtual void repeat(StepId step, std::int64_t times) { (void)step, (void)times; }
  // Right after an admission: the newcomer cannot start before an answer ends, because no more may
  // run or another stands before it that cannot start either. Then repeats() stays as it was.
  virtual bool newcomer_waits() const { return false; }
};

}  // namespace inferbench

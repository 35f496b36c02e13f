#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/execute/executor.hpp"
#include "harness/replay/clock.hpp"
#include "harness/replay/pipeline.hpp"
#include "harness/replay/request_record.hpp"
#include "harness/replay/step_observer.hpp"
#include "harness/replay/stride.hpp"
#include "harness/replay/token_times.hpp"
#include "harness/schedule/scheduler.hpp"
#include "harness/schedule/slots.hpp"

namespace inferbench {

// What a replica did, over its whole run.
struct ReplicaStats {
  std::uint64_t steps = 0;
  std::uint64_t items = 0;       // requests in steps: mean batch size = items / steps
  std::uint64_t new_tokens = 0;  // prompt chunks, recomputation and decodes
  std::uint64_t padding = 0;     // positions computed beside new_tokens and thrown away
  std::uint64_t verified = 0;    // decodes that had drafted tokens,
  std::uint64_t drafted = 0;     // these tokens,
  std::uint64_t accepted = 0;    // and what the model accepted of them
  std::uint64_t preemptions = 0;
  Duration busy{};          // sum over steps of the slowest stage's time
  StepTiming::Parts parts;  // the same by kind of work, and what of it was hidden
  Duration hidden{};
  SchedulerState scheduler;  // at the end, KV peak included
  KvStats kv;
};

// A request that ended, with its record.
struct Ended {
  Request request;
  RequestRecord record;
};

// One copy of the model: a scheduler, an executor, a pipeline, and the records of its open
// requests. Whoever drives it calls, at each instant, finish_steps, then submit for what arrives,
// then start_step; next_event says when to come back. Nothing here waits.
class Replica {
 public:
  // Keeps references; `stages` pipeline stages, as many steps as the scheduler plans ahead.
  // `observer` may be null.
  Replica(Scheduler& scheduler, Executor& executor, int stages, std::int32_t index = 0,
          StepObserver* observer = nullptr);

  // Commits the steps that are done by now and stamps their tokens; answers that end go to `ended`.
  void finish_steps(Time now, std::vector<Ended>& ended);
  // Hands a request over; one that can never run goes straight to `ended`.
  void submit(Request request, Time now, std::vector<Ended>& ended);
  // The same for a request whose prompt's KV and first token come from elsewhere; its record begins
  // with the second token.
  void submit_prefilled(Request request, Time now, std::vector<Ended>& ended);
  // Plans and runs the next step if one can enter the pipeline. As long as nothing is due from
  // outside before `quiet_until`, a run of decode steps is taken in one stride; a stride that
  // something interrupts all the same costs time and changes nothing.
  void start_step(const Clock& clock, Time quiet_until = kNever);
  // Whether its executor computes a step on a thread of its own, whose end is not foreseen, and
  // whether that step is over: then finish_steps commits it.
  bool computing() const { return computing_.has_value(); }
  bool computed() const { return computing() && executor_.finished(); }
  // When something changes by itself: a step ends, or the first stage is free for another.
  Time next_event(Time now) const;
  // The run is over: every open request ends unfinished at `now`.
  void cut(Time now, std::vector<Ended>& ended);
  // Whether a token of an open request is visible.
  bool began(RequestId request) const { return open_[open_.find(request)].tokens.began(); }
  // The client of an open request gives up.
  void cancel(RequestId request, Reason reason, Time now, std::vector<Ended>& ended);
  // Every open request ends as failed, and the steps in flight are lost.
  void fail(Time now, std::vector<Ended>& ended);

  std::int64_t open_requests() const { return static_cast<std::int64_t>(open_.size()); }
  Tokens open_tokens() const { return open_tokens_; }
  ReplicaStats stats() const;

 private:
  struct Open {
    RequestId id{};
    TokenTimes tokens;
    Ended ended;  // what is known of it so far
  };

  // A step that is computed; the scheduler keeps its plan until it is committed.
  struct Computing {
    const BatchPlan* plan = nullptr;
    Time begin{};
  };

  void enter(const BatchPlan& plan, StepResult result, Time begin);
  void end_computing();
  void begin_stride(const BatchPlan& plan, Time quiet_until);
  void interrupt_stride(Time now);
  void stamp(std::span<const Emission> emissions, Time now, std::vector<Ended>& ended);
  void forget_old_steps();
  void note_preemptions(const BatchPlan& plan);
  void note_items(const BatchPlan& plan, Time now);
  void note_drafts(const BatchPlan& plan, std::span<const std::int32_t> accepted);
  void note_timing(const StepTiming& timing);
  void take(Request request, Admission admission, Time now, std::vector<Ended>& ended);
  void end(std::uint32_t slot, Outcome outcome, Reason reason, Time now, std::vector<Ended>& ended);

  Scheduler& scheduler_;
  Executor& executor_;
  Pipeline pipeline_;
  std::optional<Computing> computing_;
  Stride stride_;  // of the step in the pipeline, which has one stage then
  StepId stride_step_{};
  std::size_t stride_items_ = 0;
  std::uint64_t stride_padding_ = 0;  // of each of its steps
  std::int32_t index_;
  StepObserver* observer_;
  Slots<Open> open_;
  Tokens open_tokens_{};                // prompt tokens of the open requests
  std::vector<std::uint32_t> guesses_;  // slot that emitted at each place of the last commit
  StepTimes step_times_;                // back to the oldest token of an open request
  std::size_t forget_at_ = 4096;        // steps kept at which that is looked up
  ReplicaStats stats_;
};

}  // namespace inferbench

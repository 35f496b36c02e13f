#include "harness/replay/engine.hpp"

#include <algorithm>
#include <utility>

namespace inferbench {

Engine::Engine(Scheduler& scheduler, Executor& executor, Clock& clock, EngineOptions options)
    : replica_(scheduler, executor, options.stages, 0, options.observer),
      clock_(clock),
      options_(options) {}

void Engine::serve(RequestSource& source, RecordSink& sink) {
  while (true) {
    replica_.finish_steps(clock_.now(), ended_.fresh());
    admit_arrivals(source);
    ended_.hand_over(sink);
    step_begin_ = clock_.now();
    replica_.start_step(clock_, std::min(source.next_event(), options_.cut.value_or(kNever)));
    step_end_ = clock_.now();
    const Time next = std::min(replica_.next_event(clock_.now()), source.next_event());
    if (next == kNever) return;
    if (options_.cut && next > *options_.cut) break;
    clock_.sleep_until(next);
  }
  clock_.sleep_until(*options_.cut);
  replica_.cut(clock_.now(), ended_.fresh());
  ended_.tell(source, clock_.now());
  ended_.hand_over(sink);
}

// An answer that ends, or a request that is rejected, can make the next one due at once.
void Engine::admit_arrivals(RequestSource& source) {
  const Time now = clock_.now();
  ended_.tell(source, now);
  source.wake(now);
  while (source.next_arrival() <= now) {
    Request request = source.pop();
    // On a wall clock a step takes the time it is computed in. A request due meanwhile was not
    // handed over late: it waits for the step, as it would in any server's queue.
    const bool due_in_step = step_begin_ < request.arrival && request.arrival <= step_end_;
    const Time issued = due_in_step ? request.arrival : now;
    replica_.submit(std::move(request), issued, ended_.fresh());
    ended_.tell(source, now);
  }
}

}  // namespace inferbench

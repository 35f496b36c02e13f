#include "harness/replay/engine.hpp"

#include <algorithm>

namespace inferbench {

Engine::Engine(Scheduler& scheduler, Executor& executor, Clock& clock, EngineOptions options)
    : replica_(scheduler, executor, options.stages), clock_(clock), options_(options) {}

void Engine::serve(RequestSource& source, RecordSink& sink) {
  while (true) {
    replica_.finish_steps(clock_.now(), ended_.fresh());
    admit_arrivals(source);
    ended_.hand_over(sink);
    replica_.start_step(clock_, std::min(source.next_event(), options_.cut.value_or(kNever)));
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
    replica_.submit(source.pop(), now, ended_.fresh());
    ended_.tell(source, now);
  }
}

}  // namespace inferbench

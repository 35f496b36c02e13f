#pragma once

#include <cstdint>

#include "harness/base/units.hpp"

namespace inferbench {

// What a stopwatch shows at one instant, of this thread.
struct Reading {
  Duration wall{};               // steady clock
  Duration cpu{};                // time this thread spent on a core
  std::int64_t preemptions = 0;  // times it was put aside for another one
};

// Reads clocks. The sampler takes it as a parameter so that tests can tell it the time.
class Stopwatch {
 public:
  virtual ~Stopwatch() = default;
  virtual Reading begin() = 0;       // the wall clock is read last,
  virtual Reading end() = 0;         // and first: between the two lies the work alone
  virtual void wait(Duration time);  // lets it pass without work: sleeps
};

// std::chrono::steady_clock, CLOCK_THREAD_CPUTIME_ID and getrusage(RUSAGE_THREAD).
class ThreadStopwatch final : public Stopwatch {
 public:
  Reading begin() override;
  Reading end() override;
};

// The same for all threads of the process: CPU time is that of all of them, divided by `threads`.
class TeamStopwatch final : public Stopwatch {
 public:
  explicit TeamStopwatch(unsigned threads) : threads_(threads) {}  // >= 1
  Reading begin() override;
  Reading end() override;

 private:
  Duration::rep threads_;
};

// Time that the hypervisor gave to other guests, of all cores since boot; 0 where it is not told.
Duration stolen_time();

}  // namespace inferbench

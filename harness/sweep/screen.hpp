#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/sweep/operating_point.hpp"
#include "harness/sweep/replay_method.hpp"

namespace inferbench {

// Why a task need not be replayed.
enum class Screened {
  kept,
  overloaded,  // its load is above its steady capacity by more than the margin, and another task's
               // capacity is larger by more than the margin
  misses_slo,  // TTFT without queueing, or TPOT, is outside a limit of the SLO by more than the
               // margin
  dominated,   // another task at the same load is better by more than the margin in both
               // tokens/s/user and TTFT, and can serve the load with the margin to spare
};

struct ScreenedTask {
  SweepTask task;
  Screened verdict = Screened::kept;
  OperatingPoint point;  // of the closed form, at the task's load; its capacity when overloaded
};

// The first stage of a two-stage sweep: each task in closed form at its load (SteadyState; of a
// closed loop the rate at which users x ( TTFT + OSL x TPOT ) balance), and which of them can
// matter. A task that cannot serve at all is kept: its replay costs nothing and says why.
//
// What is overloaded can look well in a short run, whose queue has no time to grow; its latencies
// depend on how long the run is. The closed form knows no queueing and no spread of lengths, and so
// the margin must be wide: 0.25 keeps every task whose estimate is within 25 % of another's. With
// drafted tokens nothing is dominated, because acceptance is not in the closed form.
//
// Throws Error for a negative margin.
std::vector<ScreenedTask> screen(const SweepSystem& system, const ReplaySweep& sweep,
                                 const std::vector<SweepTask>& tasks, double margin,
                                 unsigned threads = 0);

std::size_t count(const std::vector<ScreenedTask>& tasks, Screened verdict);

}  // namespace inferbench

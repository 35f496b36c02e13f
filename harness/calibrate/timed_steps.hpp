#pragma once

#include <functional>
#include <vector>

#include "harness/calibrate/decoder_rig.hpp"
#include "harness/tables/op_table.hpp"
#include "harness/timing/sampler.hpp"

namespace inferbench {

// One op of one step, timed: what it takes on average, and the interval (Skew).
struct TimedOp {
  ProbedOp op;
  OpPoint point;
};

// Times steps with the sampler, all of them in turns, one run of each per round: a spell of load
// meets them all. `budget` is of wall time, for all together. Runs that warm up do not count, nor
// the one before each of a decode; a step that was not sampled often enough before an interrupt is
// left out.
//
// `run` computes a step and says what each of its ops took.
std::vector<TimedOp> time_steps(const std::vector<ProbeStep>& steps, const DecoderOps& ops,
                                const std::function<RigTimes(const ProbeStep&)>& run,
                                Duration budget, Stopwatch& stopwatch,
                                const SamplerOptions& options);

}  // namespace inferbench

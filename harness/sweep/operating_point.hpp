#pragma once

#include <optional>
#include <string>

#include "harness/sweep/steady.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// A workload by its means: all that the closed form needs.
struct TrafficMeans {
  double isl = 0, osl = 0;  // tokens; of the prompt, what no earlier request's prefix covers
  // KV tokens that a running decode holds, on average over all decode steps:
  // sum of (ISL + OSL/2) x OSL / sum of OSL.
  double kv_tokens = 0;
  std::optional<double> rate;  // requests/s as offered; absent when all arrive at once
};

TrafficMeans traffic_means(const Workload& workload);

// A deployment in steady state, in closed form: `rate` requests/s arrive and as many leave.
struct OperatingPoint {
  double rate = 0;     // requests/s of the whole deployment
  double decodes = 0;  // running per attention rank and micro-batch
  double prompt = 0;   // prompt tokens per step and attention rank
  Seconds stage{};     // one micro-batch in one stage
  Seconds tpot{};      // PP x stage
  Seconds ttft{};      // service time of the mean prompt in such steps; no queueing
};

// How a task (configuration and chunk) serves mean traffic, after SteadyMethod. A step holds c
// tokens at most, decodes included; prompts and answers leave at the same rate, so of n tokens
// n x OSL / (ISL + OSL) are decodes. Decodes are limited by `max_batch` and by the KV cache too.
class SteadyState {
 public:
  // Throws Error for traffic without tokens.
  SteadyState(const SweepSystem& system, const TrafficMeans& traffic, const SweepTask& task,
              std::int64_t max_batch);

  // Empty when the task can serve; else why not, as in SweepPoint::why_not.
  const std::string& why_not() const { return why_not_; }
  // Steps always full: no load above this is served for long.
  OperatingPoint capacity() const { return at(full_); }
  // The point that serves `rate`, 0 < rate; nullopt above the capacity.
  std::optional<OperatingPoint> serving(double rate) const;

 private:
  OperatingPoint at(double step_tokens) const;

  SweepSystem system_;
  TrafficMeans traffic_;
  SweepTask task_;
  std::string why_not_;
  double full_ = 0;  // tokens of the fullest step it can go on with
};

}  // namespace inferbench

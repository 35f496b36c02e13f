#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/micro/bound_case.hpp"
#include "harness/micro/foreseen_work.hpp"
#include "harness/micro/points.hpp"
#include "harness/micro/roofs.hpp"
#include "harness/micro/row.hpp"

namespace inferbench {

struct BenchOptions {
  BindOptions bind;
  SamplerOptions sampler;               // its budget is not used; see below
  Duration budget{60'000'000'000};      // of wall time for everything but the roofs' memory
  Duration roof_budget{};               // of it, for probing the machine; 0: no roofs
  Duration longest_run{1'000'000'000};  // slower ones are skipped, judged by the roofs
  double memory_limit = 8e9;            // bytes; larger cases are skipped
  double keep_limit = 2e9;              // bytes of cases that stay bound between visits
  bool trace =
      false;  // on a device: takes windows of its records with the last quarter of the budget
};

// Is told what happens, for progress on a terminal.
struct BenchProgress {
  std::size_t done = 0, cases = 0;
  std::size_t round = 0;  // 0: the first visit of each case; then rounds to the least certain
  std::string what;       // "gemm fp32 m=16 ..."
};

struct BenchOutcome {
  std::vector<KernelRow> rows;  // in the order of the cases
  std::vector<Roof> roofs;
  std::size_t rounds = 0;  // visits beyond each case's first
  bool interrupted = false;
  std::string fault;  // a device that failed, and what it was computing; nothing ran after it
};

// Every case with each of its implementations: checked, then timed against each other in
// interleaved rounds.
//
// The first quarter of the budget visits each case in turn. The rest goes, round by round, first to
// the cases with fewer visits than `sampler.visits`, then to the case whose interval is the widest
// relative to its median, until every interval is narrow enough or the budget is spent; a case that
// then was never visited is skipped with that reason. Visits of one case are kept apart, by waiting
// if need be: a spell of load should not hold them all. Cases are bound
// again for a later visit unless they fit `keep_limit` together. An interrupt ends the round and
// keeps what was measured.
//
// On a device the sampler's samples are of its events, and its clock of the stopwatch's CPU time,
// which has to be a DeviceStopwatch. With `trace`, tracing begins once when all that has been
// sampled, and each case gets windows in turns. A device that fails ends the run likewise.
BenchOutcome run_cases(const std::vector<BenchCase>& cases, const BenchOptions& options,
                       Stopwatch& stopwatch,
                       const std::function<void(const BenchProgress&)>& progress = {});

// Each implementation of each case once, unchecked and untimed: for a profiler. Returns how many.
std::size_t run_once(const std::vector<BenchCase>& cases, const BindOptions& options);

}  // namespace inferbench

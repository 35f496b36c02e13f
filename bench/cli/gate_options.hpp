#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "harness/timing/sampler.hpp"
#include "results/gate/gate_rule.hpp"
#include "results/gate/worker_process.hpp"

namespace inferbench {

// Options that `compare` and `calibrate-gate` share.
struct GateArguments {
  std::string suite = "smoke", clock = "wall", patience = "30s";
  std::vector<std::string> only;
  GateRule rule;
};
void add_gate_options(CLI::App& verb, GateArguments& given);

TimedClock gate_clock(const GateArguments& given);
// More than no time; `option` is named in the Error.
Duration gate_time(const std::string& given, const char* option);

// How a program is started as a worker; throws Error where `program` cannot be run.
WorkerProgram gate_worker(const GateArguments& given, const std::string& program,
                          const char* option);
// Starts one and lets it go; throws Error where that fails.
void try_worker(WorkerSource& source, const std::string& program, const char* option);

}  // namespace inferbench

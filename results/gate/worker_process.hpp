#pragma once

#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "results/gate/worker.hpp"

namespace inferbench {

// A program that speaks the worker protocol, started as a child of this process.
struct WorkerProgram {
  std::vector<std::string> command;   // the program (with a path, or looked for in PATH), arguments
  Duration patience{30'000'000'000};  // an answer that takes longer is a hang
};

// Starts `command --cpu N`, in a process group of its own so that an interrupt of this process does
// not end it half way. What it writes to standard error is kept, and its end shown with a failure.
// launch() throws WorkerFailure when it cannot be started or does not say hello.
class WorkerProcesses final : public WorkerSource {
 public:
  explicit WorkerProcesses(WorkerProgram program) : program_(std::move(program)) {}
  std::unique_ptr<GateWorker> launch(const WorkerLaunch& launch) override;

 private:
  WorkerProgram program_;
};

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "results/gate/comparison.hpp"

namespace inferbench {

// Instructions that one run of a series takes, counted by valgrind's callgrind: those of a worker
// that runs it three times less those of one that runs it once, halved, so that starting and
// opening cancel out. The same program gives the same count but for what depends on addresses.
// Valgrind knows no AVX-512: kernels run the variant that they have for such a machine.
//
// `worker` is the command of a program's worker, `series` the place in its hello. Throws
// WorkerFailure when it does not end well within `patience`, or says no count.
std::int64_t instructions_per_run(const std::vector<std::string>& worker, std::size_t series,
                                  Duration patience);

// Why callgrind cannot be used; empty: it can.
std::string callgrind_missing();

// Adds "<series>/instructions" of every timed series that both programs have, as exact numbers that
// may differ by the rule's margin. What cannot be counted is listed as skipped with its reason.
struct CountedProgram {
  std::vector<std::string> command;  // of its worker
  std::vector<std::string> series;   // of its hello
};
void add_instruction_counts(const CountedProgram& baseline, const CountedProgram& candidate,
                            Duration patience, GateComparison& comparison);

}  // namespace inferbench

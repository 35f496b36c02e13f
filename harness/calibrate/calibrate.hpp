#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "harness/calibrate/probe_steps.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/tables/op_table.hpp"
#include "harness/timing/sampler.hpp"

namespace inferbench {

// What is to be measured of one model.
struct CalibrateRequest {
  ModelSpec model;
  std::string weights = "bf16", kv = "bf16";
  std::int64_t threads = 0;  // of all ranks; 0: all cores
  ParallelConfig parallel;   // tensor-parallel ranks
  ProbeLimits limits;        // cut to what the model takes
  std::set<OpClass> classes = {OpClass::gemm,  OpClass::attention,   OpClass::moe,
                               OpClass::other, OpClass::collectives, OpClass::host};
  Duration budget{20'000'000'000};  // of wall time
  std::uint64_t seed = 1;           // of weights, and of the order of samples
  std::function<bool()> interrupted{};
};

// Measures a model's ops on this machine, those that `table` lacks, and puts them there: steps of a
// decoder of this shape, op by op, and the host's time per step. An interrupt ends it with what has
// been sampled so far. Returns how many points were added. Throws Error for a model, a format or a
// number of threads that is not executed here.
std::size_t calibrate(const CalibrateRequest& request, OpTable& table, Stopwatch& stopwatch);

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "results/run_result.hpp"

namespace inferbench {

// What other tools' files say of how a run was set up, as far as the result's configuration
// (results/configuration.hpp) says it.
struct ServingSetup {
  std::optional<std::string> model, gpu, precision;
  std::optional<double> rate_per_s;  // absent: all at once, a trace or a closed loop
  std::optional<double> burstiness;
  std::optional<std::int64_t> concurrency;             // the cap of a closed loop
  std::optional<std::int64_t> isl_tokens, osl_tokens;  // nominal
  std::int64_t tp = 1, cp = 1, ep = 1, pp = 1, dp = 1;
  std::int64_t gpus = 1;
  std::string parallel;  // "TP4"; empty: the result tells no deployment
  std::string workload;  // its spec as it was asked for
};

ServingSetup serving_setup(const RunResult& result);

}  // namespace inferbench

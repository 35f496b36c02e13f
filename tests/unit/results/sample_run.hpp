#pragma once

#include <string>
#include <vector>

#include "harness/replay/request_record.hpp"
#include "results/run_result.hpp"

namespace inferbench {

// Five requests on four GPUs; all times in ms:
//
//   id  due  sent  tokens at                     ISL  outcome
//   0     0     0  100 120 150                   100  completed
//   1    50   100  300 340                       200  completed; waited 50 for its turn
//   2   200   200  500                            50  completed
//   3   250   250                               9999  rejected
//   4   500   500  1000 1250 1500 1750 2000      650  completed
std::vector<RequestRecord> sample_records();

// A result of that run as a replay would write it: llama-3-70b on TP4 of h100, closed loop of 2.
// Holds every kind of entry: an absent percentile, an absent scalar, a window not found, an SLO.
RunResult sample_result();

Provenance sample_provenance();

// A scratch path for this test.
std::string scratch(const std::string& name);

}  // namespace inferbench

#pragma once

#include <vector>

#include "harness/claims/measures/inputs.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/request_record.hpp"
#include "harness/replay/system_under_test.hpp"

// What the measures that replay on a modelled deployment share.
namespace inferbench::claims {

// "model" on "gpu" with "parallel" and "precision"; throws Error when it does not fit.
Deployment deployment(const JsonObject& inputs, const World& world);

// "requests" of them. Prompts uniform in "input", answers uniform in "output", each [min, max], and
// with probability "long_share" (0) uniform in "long_output" instead. They arrive at "rate" per
// second, Poisson, or all at time 0 where it is 0. Every `seed` is another draw.
std::vector<Request> draw_requests(const JsonObject& inputs, double rate, std::uint64_t seed);

// What became of them, by id.
std::vector<RequestRecord> serve(SystemUnderTest& system, std::vector<Request> requests);

double ended_s(const std::vector<RequestRecord>& records);      // the last of them
double completed(const std::vector<RequestRecord>& records);    // with every token asked for
double mean_e2e_ms(const std::vector<RequestRecord>& records);  // of what completed
// Percentile over requests that have a first token.
double ttft_percentile_ms(const std::vector<RequestRecord>& records, double percentile);

}  // namespace inferbench::claims

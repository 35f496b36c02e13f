#pragma once

#include <string>
#include <vector>

#include "harness/selftest/selftest.hpp"

namespace inferbench {

std::vector<SelfCheck> null_system_checks(const SelfTestOptions& options);
std::vector<SelfCheck> fixed_latency_checks(const SelfTestOptions& options);
std::vector<SelfCheck> queue_checks(const SelfTestOptions& options);
std::vector<SelfCheck> coordinated_omission_checks(const SelfTestOptions& options);
std::vector<SelfCheck> chunk_checks(const SelfTestOptions& options);
std::vector<SelfCheck> percentile_checks(const SelfTestOptions& options);
std::vector<SelfCheck> window_checks(const SelfTestOptions& options);

// A check that passes when the numbers agree to `tolerance` (relative), rounding of doubles if not
// given.
SelfCheck equal_check(std::string name, std::string unit, double expected, double found,
                      double tolerance = 1e-9);

// A check on a count of disagreements: none is expected.
SelfCheck no_disagreement_check(std::string name, std::int64_t tried, std::int64_t disagreed,
                                const std::string& first);

}  // namespace inferbench

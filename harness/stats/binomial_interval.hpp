#pragma once

#include <cstdint>

#include "harness/stats/bootstrap.hpp"

namespace inferbench {

// The chances of success that `successes` of `trials` do not rule out, with at least `confidence`
// whatever the true chance is. 0 of 300 is [0, 1.22 %] at 95 %; the one-sided bound is that of 90
// %: 0.99 %. trials >= 1, 0 <= successes <= trials.
//
// Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of
// the binomial", 1934.
Interval clopper_pearson(std::int64_t successes, std::int64_t trials, double confidence = 0.95);

}  // namespace inferbench

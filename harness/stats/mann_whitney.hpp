#pragma once

#include <span>

namespace inferbench {

// Two-sided p of the Mann-Whitney U test of two un-paired samples: small when one lies above the
// other. It takes every value as independent of all others: samples of one process, or of one mood
// of the machine, are not, and p is then far too small. Exact without ties up to 50 values each,
// else the normal approximation with correction for ties and continuity. Each sample has at least
// one value.
//
// Source: Mann and Whitney, "On a test of whether one of two random variables is stochastically
// larger than the other", 1947.
double mann_whitney_p(std::span<const double> a, std::span<const double> b);

}  // namespace inferbench

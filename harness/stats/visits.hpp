#pragma once

#include <cstdint>
#include <span>

#include "harness/stats/bootstrap.hpp"

namespace inferbench {

// Interval of the median of samples taken in several visits: sample i in visit visits[i], which
// does not decrease. A machine that others use has spells, and all samples of a visit may lie in
// one, so that their spread within a visit says too little. The interval is the hull of two:
//
//  - the block bootstrap of all samples, which sees what neighbours share within a visit;
//  - order statistics of the visits' medians, which need no distribution: independent medians lie
//    on one side of the long run's as a coin falls, so of six visits the least and the most hold
//    it 31 times in 32. Visits that resemble the one before count as fewer, by the first
//    autocorrelation of their ranks; where so few are left that even the range of the medians
//    would not do, it is widened to Student's t of as many (of logarithms, where all are
//    positive).
//
// One visit leaves the bootstrap alone. No interval knows of a spell that outlasts all visits.
//
// Sources: David and Nagaraja, Order Statistics, section 7.1; Kendall and Stuart, The Advanced
// Theory of Statistics, volume 3 (bias of an autocorrelation).
Interval visited_median(std::span<const double> samples, std::span<const std::int64_t> visits,
                        const BootstrapOptions& options = {});

// How many independent visits these medians, in the order of their visits, are worth: their number
// unless they resemble their neighbours, then fewer; at least 2. Two medians or more.
double effective_visits(std::span<const double> medians);

}  // namespace inferbench

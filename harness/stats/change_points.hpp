#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace inferbench {

// How sensitive a search for change points is.
struct ChangePointRule {
  double level = 0.001;          // of the test between the segments on either side of a step
  std::size_t window = 50;       // values in which a step is looked for at a time
  std::size_t least_points = 2;  // in a segment beside a step
  double drift_z = 3.6;          // rank sums: standard deviations of a step that a test missed
  std::size_t drift_points = 4;  // least in a segment beside one found by ranks
  double drift_shift = 0.02;     // least median difference beside one found by ranks
};

enum class ChangeEvidence {
  test,   // Student's t between the segments beside it
  ranks,  // rank sums over the whole segment: small steps among outliers
};

// From value `at` on a series has another level than before.
struct ChangePoint {
  std::size_t at = 0;  // 1 .. size - 1: the first value of the new segment
  ChangeEvidence evidence = ChangeEvidence::test;
  double p = 1;      // two-sided, of the test or of the rank sums
  double shift = 0;  // Hodges-Lehmann: median of (a value after) - (a value before)
};

// Where the level of a series changes, in order. A screen, not a verdict: over windows that overlap
// by half the step of the largest energy distance is tested at ten times the level, again on either
// side of what was found; then the weakest is taken back, and its neighbours tested anew, until all
// hold at the level. Segments that hold no step are scanned by rank sums once more, which see a
// small step that outliers hide from a t test. Deterministic; equal values hold no step, and a step
// between two segments that are constant each has p = 0.
//
// Source: Fleming et al., "Hunter: Using change point detection to hunt for performance
// regressions", ICPE 2023; Matteson and James, "A nonparametric approach for multiple change point
// analysis", 2014 (energy distance).
std::vector<ChangePoint> find_change_points(std::span<const double> values,
                                            const ChangePointRule& rule = {});

// Median of all differences (a value of b) - (a value of a); both hold at least one.
// Source: Hodges and Lehmann, 1963.
double hodges_lehmann_shift(std::span<const double> a, std::span<const double> b);

}  // namespace inferbench

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "results/gate/compare_programs.hpp"

namespace inferbench {

// What became of all comparisons of a program with itself slowed down by one known part.
struct CalibrationCell {
  double slowdown = 0;           // of every series of the candidate; 0: unchanged
  std::int64_t comparisons = 0;  // of the whole suite
  std::int64_t invalid = 0;      // of them: the canary changed, or a worker failed
  std::int64_t alarmed = 0;      // of the others: with at least one series slower or faster
  std::int64_t series = 0;       // trials: series of valid comparisons
  std::int64_t slower = 0, faster = 0, passed = 0, open = 0;  // their verdicts
  std::int64_t blocks = 0;                                    // over all trials
  double elapsed_s = 0;                                       // of all comparisons
  // The recipe that many projects use, on the same series beside it: each side's repetitions one
  // after another, and Mann-Whitney's p below 0.05.
  std::int64_t unpaired_series = 0, unpaired_slower = 0, unpaired_faster = 0;
  std::int64_t unpaired_comparisons = 0, unpaired_alarmed = 0;
};

// Everything that was tried so far with one rule on one suite; grows over runs.
struct GateCalibration {
  GateRule rule;
  std::string suite, clock, code;      // code: SHA-256 of the program that was tried last
  std::string cpu;                     // of the machines; one that differs is refused
  std::size_t series = 0;              // of the suite, timed
  std::vector<CalibrationCell> cells;  // by slowdown, ascending
};

// The cell to try next: the one that has the fewest comparisons for what is asked of it. Unchanged
// programs need eight times as many, because a whole suite is one trial of them.
CalibrationCell& next_cell(GateCalibration& calibration);

// Adds a comparison to its cell.
void add_comparison(CalibrationCell& cell, const GateComparison& comparison);

// Nine repetitions of each series by the baseline, then by the candidate, each as long as `slices`
// slices; Mann-Whitney below 0.05 is an alarm. Added to the cell.
void add_unpaired(CalibrationCell& cell, WorkerSource& baseline, WorkerSource& candidate,
                  const GateComparison& comparison, std::size_t slices);

// The file of a calibration. Throws Error for one that is none, is damaged or of another version.
std::string calibration_json(const GateCalibration& calibration);
GateCalibration parse_calibration(const std::string& text, const std::string& place);
// Throws Error where `here` was made with another rule, suite or machine than what the file holds.
void check_same_calibration(const GateCalibration& file, const GateCalibration& here,
                            const std::string& place);

// The rates with their Clopper-Pearson bounds at 95 %.
std::string calibration_text(const GateCalibration& calibration);

}  // namespace inferbench

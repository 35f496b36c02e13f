#include "harness/base/text_table.hpp"
#include "harness/stats/binomial_interval.hpp"
#include "results/gate/calibration.hpp"

namespace inferbench {
namespace {

std::string percent(double share) {
  return fixed(100 * share, share > 0 && share < 0.001 ? 3 : 2) + " %";
}

// "3 of 320: 0.94 % (0.19 to 2.72 %)"
std::string rate_text(std::int64_t found, std::int64_t trials) {
  if (trials == 0) return "-";
  const Interval range = clopper_pearson(found, trials);
  return std::to_string(found) + " of " + std::to_string(trials) + ": " +
         percent(static_cast<double>(found) / static_cast<double>(trials)) + " (" +
         fixed(100 * range.low, 2) + " to " + fixed(100 * range.high, 2) + " %)";
}

std::string slowdown_text(double slowdown) {
  return slowdown == 0 ? "unchanged" : "+" + significant(100 * slowdown) + " %";
}

double each(double sum, std::int64_t count) {
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

// What the cell shows, with the bound that its trials prove at 95 % on one side.
std::string finding(const CalibrationCell& cell) {
  constexpr double kOneSided = 0.90;  // both tails: 5 % in each
  const std::int64_t valid = cell.comparisons - cell.invalid;
  if (valid == 0) return "";
  if (cell.slowdown == 0) {
    return "False alarms: " + std::to_string(cell.alarmed) + " of " + std::to_string(valid) +
           " comparisons of unchanged programs; at most " +
           percent(clopper_pearson(cell.alarmed, valid, kOneSided).high) + " at 95 % confidence.\n";
  }
  return slowdown_text(cell.slowdown) + ": " + std::to_string(cell.slower) + " of " +
         std::to_string(cell.series) + " series called regressions; at least " +
         percent(clopper_pearson(cell.slower, cell.series, kOneSided).low) +
         " at 95 % confidence.\n";
}

}  // namespace

std::string calibration_text(const GateCalibration& calibration) {
  TextTable verdicts({"candidate", "comparisons", "invalid", "series called slower (95 %)",
                      "faster", "pass", "inconclusive", "blocks", "s each"});
  TextTable contrast(
      {"candidate", "series called slower (95 %)", "faster", "comparisons with an alarm (95 %)"});
  std::string findings;
  for (const CalibrationCell& cell : calibration.cells) {
    verdicts.add({slowdown_text(cell.slowdown), std::to_string(cell.comparisons),
                  std::to_string(cell.invalid), rate_text(cell.slower, cell.series),
                  std::to_string(cell.faster), std::to_string(cell.passed),
                  std::to_string(cell.open),
                  fixed(each(static_cast<double>(cell.blocks), cell.series), 1),
                  fixed(each(cell.elapsed_s, cell.comparisons), 2)});
    contrast.add({slowdown_text(cell.slowdown),
                  rate_text(cell.unpaired_slower, cell.unpaired_series),
                  std::to_string(cell.unpaired_faster),
                  rate_text(cell.unpaired_alarmed, cell.unpaired_comparisons)});
    findings += finding(cell);
  }
  return findings + "\n" + verdicts.str() +
         "\nBeside it, un-paired: nine repetitions of each side "
         "one after the other, Mann-Whitney p < 0.05\n\n" +
         contrast.str() + "\nsuite " + calibration.suite + " of " +
         std::to_string(calibration.series) + " series, " + calibration.clock + " time, " +
         calibration.cpu + "\n";
}

}  // namespace inferbench

#include "harness/base/text_table.hpp"
#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

std::string table_text(const std::vector<ComparisonRow>& rows) {
  TextTable table({"verdict", "series", "baseline", "candidate", "change", "interval (95 %)",
                   "blocks", "flags"});
  for (const ComparisonRow& row : rows) {
    table.add({marked(row.verdict), row.series, row.baseline, row.candidate, row.change,
               row.exact ? "exact" : row.interval, row.exact ? "" : std::to_string(row.blocks),
               joined(row.flags)});
  }
  return table.str();
}

std::string build_text(const char* side, const WorkerHello& hello) {
  std::string text = std::string(side) + "inferbench " + hello.version;
  if (!hello.commit.empty()) text += ", commit " + hello.commit.substr(0, 12);
  return text + ", " + hello.build_type + ", " + hello.compiler + "\n";
}

std::string canary_text(const SeriesResult& canary) {
  std::string text = "canary     " + canary.name +
                     ", the baseline against itself: " + std::string(name(canary.verdict));
  if (canary.change) text += ", " + change_text(canary.change->change);
  return text + "\n";
}

std::string noise_text(const GateComparison& comparison) {
  const GateNoise& noise = comparison.noise;
  return "noise      " + fixed(100 * noise.preempted_share, 1) + " % of slices preempted, " +
         human_seconds(seconds(noise.stolen).count()) + " stolen, load " + noise.load_before +
         " before, " + noise.load_after + " after\n";
}

}  // namespace

std::string comparison_text(const GateComparison& comparison, bool all,
                            const std::string& command) {
  std::string text = verdict_sentence(comparison) + "\n";
  if (comparison.interrupted) text += "interrupted: what was decided until then\n";
  for (std::size_t i = 1; i < comparison.invalid.size(); ++i) {
    text += "         " + comparison.invalid[i] + "\n";
  }
  std::vector<ComparisonRow> rows = comparison_rows(comparison);
  const std::size_t every = rows.size();
  if (!all) std::erase_if(rows, [](const auto& row) { return row.verdict == SeriesVerdict::pass; });
  if (!rows.empty()) text += "\n" + table_text(rows);
  if (rows.size() < every && !all) {
    text += (rows.empty() ? "\n" : "") + std::to_string(every - rows.size()) +
            " unchanged series not shown (--all shows them)\n";
  }
  text += "\n" + build_text("baseline   ", comparison.baseline) +
          build_text("candidate  ", comparison.candidate);
  text += "method     " + std::to_string(comparison.blocks) + " blocks, margin " +
          significant(100 * comparison.rule.margin) + " %, target " +
          significant(100 * comparison.rule.target) + " %, " + comparison.clock + " time, seed " +
          std::to_string(comparison.seed) + "\n";
  if (comparison.canary) text += canary_text(*comparison.canary);
  text += noise_text(comparison);
  for (const SkippedSeries& skipped : comparison.skipped) {
    text += "skip:      " + skipped.name + ": " + skipped.reason + "\n";
  }
  for (const std::string& note : comparison.notes) text += "note:      " + note + "\n";
  if (!command.empty()) text += "again      " + command + "\n";
  return text;
}

}  // namespace inferbench

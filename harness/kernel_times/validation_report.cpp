#include "harness/kernel_times/validation_report.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

std::string percent(double share) {
  constexpr double kPercent = 100, kNothing = 5e-5;
  return (std::abs(share) < kNothing ? std::string("0") : significant(share * kPercent)) + " %";
}

std::string count_text(std::size_t count) {
  return with_commas(static_cast<long long>(count));
}

std::string bar_text(const KernelScore& score) {
  if (score.bar_median <= 0) return "";
  std::string text = "< " + percent(score.bar_median);
  if (score.bar_p90 > 0) text += ", p90 < " + percent(score.bar_p90);
  return text + (score.met() ? ": met" : ": missed");
}

std::vector<std::string> cells(const KernelScore& score) {
  return {std::string(name(score.left_out)),
          score.subject,
          score.from,
          count_text(score.rows),
          percent(score.median),
          percent(score.p90),
          (score.bias > 0 && percent(score.bias) != "0 %" ? "+" : "") + percent(score.bias),
          percent(score.covered),
          bar_text(score)};
}

const std::vector<std::string>& columns() {
  static const std::vector<std::string> names = {"left out", "rows of", "from",    "rows", "median",
                                                 "p90",      "bias",    "in band", "bar"};
  return names;
}

std::string line_of(const WorstRow& row) {
  constexpr double kSeconds = 1e-9;
  return row.what + ": " + human_seconds(row.measured_ns * kSeconds) + ", answered " +
         human_seconds(row.answered_ns * kSeconds) + "; " + row.reason;
}

std::string markdown_row(const std::vector<std::string>& row) {
  std::string text = "|";
  for (const std::string& cell : row) text += " " + cell + " |";
  return text + "\n";
}

std::string owners_text(const KernelValidation& validation) {
  std::string text = count_text(validation.rows) + " points: ";
  bool first = true;
  for (const auto& [owner, rows] : validation.owners) {
    text += (first ? "" : ", ") + owner + " " + count_text(rows);
    first = false;
  }
  return text;
}

std::string intro(const KernelValidation& validation) {
  return "`shape`: the shapes of every series are dealt into five parts, each kept from learning "
         "and answered from the\nother four; of experts whole layers, at every parallelism. "
         "`site`: "
         "of experts single parallelisms. `point`:\nthe points of every shape, in five parts as "
         "well. `framework` and `GPU`: all "
         "rows of one, answered from another's tables alone. Error is\nanswered / measured - 1: "
         "median and 90th percentile of its size, bias its median; `in band` is the share of\nrows "
         "inside their 90 % band. What is kept back depends on the seed (" +
         std::to_string(validation.seed) + ") and on sizes alone.\n";
}

}  // namespace

std::string kernel_validation_text(const KernelValidation& validation) {
  TextTable table(columns());
  for (const KernelScore& score : validation.scores) table.add(cells(score));
  std::string text =
      owners_text(validation) + ".\n" + intro(validation) + "\n" + table.str() + "\nWorst rows:\n";
  for (const KernelScore& score : validation.scores) {
    text += "  " + std::string(name(score.left_out)) + ", " + score.subject +
            (score.from.empty() ? "" : ", " + score.from) + "\n";
    for (const WorstRow& row : score.worst) text += "    " + line_of(row) + "\n";
  }
  return text;
}

std::string kernel_validation_json(const KernelValidation& validation) {
  nlohmann::ordered_json out = {{"schema", "inferbench.kernel-validation"},
                                {"version", "1.0.0"},
                                {"seed", validation.seed},
                                {"table_rows", validation.rows}};
  for (const KernelScore& score : validation.scores) {
    nlohmann::ordered_json entry = {
        {"left_out", name(score.left_out)}, {"rows_of", score.subject}, {"rows", score.rows},
        {"median_error", score.median},     {"p90_error", score.p90},   {"bias", score.bias},
        {"in_band", score.covered}};
    if (!score.from.empty()) entry["from"] = score.from;
    if (score.bar_median > 0) {
      entry["bar_median_error"] = score.bar_median;
      if (score.bar_p90 > 0) entry["bar_p90_error"] = score.bar_p90;
      entry["met"] = score.met();
    }
    for (const WorstRow& row : score.worst) {
      entry["worst"].push_back({{"what", row.what},
                                {"measured_ns", row.measured_ns},
                                {"answered_ns", row.answered_ns},
                                {"reason", row.reason}});
    }
    out["scores"].push_back(std::move(entry));
  }
  return out.dump(1) + "\n";
}

std::string kernel_validation_markdown(const KernelValidation& validation,
                                       const std::string& command) {
  std::string text =
      "# Validation: predictions from tables of kernels\n\nHow far answers from "
      "[tables](tables.md) are from rows that nothing was learnt from. Written by\n\n```\n" +
      command + "\n```\n\nover " + owners_text(validation) + ".\n\n" + intro(validation) + "\n" +
      markdown_row(columns()) + "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n";
  for (const KernelScore& score : validation.scores) text += markdown_row(cells(score));
  text += "\n## Worst rows\n\n";
  for (const KernelScore& score : validation.scores) {
    if (score.worst.empty()) continue;
    text += "- " + std::string(name(score.left_out)) + ", " + score.subject +
            (score.from.empty() ? "" : ", " + score.from) + ": " + line_of(score.worst.front()) +
            "\n";
  }
  return text;
}

}  // namespace inferbench

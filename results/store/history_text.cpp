#include <algorithm>

#include "harness/base/text_table.hpp"
#include "results/gate/comparison.hpp"
#include "results/store/history_report.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kCommitDigits = 12;

std::string minute_of(const std::string& time_utc) {
  constexpr std::size_t kMinute = 16;  // "2026-11-21T09:30"
  std::string text = time_utc.substr(0, kMinute);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string commit_of(const HistoryRun& run) {
  return run.commit.empty() ? "-" : run.commit.substr(0, kCommitDigits);
}

std::string number_text(const std::optional<double>& value) {
  constexpr int kDigits = 4;
  return value ? significant(*value, kDigits) : "-";
}

std::string interval_text(const std::optional<double>& low, const std::optional<double>& high) {
  return low || high ? number_text(low) + " to " + number_text(high) : "-";
}

std::string number_of_things(std::size_t count, const std::string& one) {
  return with_commas(static_cast<long long>(count)) + " " + one + (count == 1 ? "" : "s");
}

std::string worse_text(const Suspicion& suspicion) {
  return suspicion.worse ? "worse" : "better";
}

std::string p_text(const Suspicion& suspicion) {
  constexpr double kLeastShown = 1e-6;
  if (!suspicion.p) return "exact";
  return *suspicion.p < kLeastShown ? "< 1e-6" : significant(*suspicion.p, 2);
}

std::string group_text(const History& history, const std::vector<const Suspicion*>& group,
                       const ScreenView& view) {
  const Suspicion& first = *group.front();
  const HistoryRun &at = history.runs[first.at], &before = history.runs[first.before];
  std::string text = "since " + minute_of(at.time_utc) + ", commit " + commit_of(at) +
                     " (before: " + minute_of(before.time_utc) + ", commit " + commit_of(before) +
                     ")\n";
  TextTable table({"series", "change", "", "basis", "p", "state"});
  for (const Suspicion* one : group) {
    table.add({full_name(history.series[one->series].series), change_text(one->change),
               worse_text(*one), std::string(name(one->basis)), p_text(*one),
               std::string(state_of(*one, history))});
  }
  return text + table.str() +
         "  confirm: " + confirm_command(history, group, view.store, view.programs) + "\n";
}

}  // namespace

std::string runs_text(const History& history, const HistoryStore& store) {
  std::vector<std::size_t> numbers(history.runs.size());
  for (const SeriesHistory& series : history.series) {
    for (const HistoryPoint& point : series.points) ++numbers[point.run];
  }
  TextTable table(
      {"time, UTC", "run", "suite", "commit", "anchor", "hardware", "numbers", "document"});
  for (std::size_t i = 0; i < history.runs.size(); ++i) {
    const HistoryRun& run = history.runs[i];
    table.add({minute_of(run.time_utc), run.id, run.suite, commit_of(run),
               run.anchor.empty() ? "-" : run.anchor, run.hardware.empty() ? "-" : run.hardware,
               run.invalid.empty() ? std::to_string(numbers[i]) : "invalid",
               store.has_document(run.id) ? "yes" : "no"});
  }
  std::string text = number_of_things(history.runs.size(), "run") + ", " +
                     std::to_string(history.series.size()) + " series, " +
                     number_of_things(history.notes.size(), "note") + "\n\n" + table.str();
  for (const HistoryRun& run : history.runs) {
    if (!run.invalid.empty()) text += "invalid: " + run.id + ": " + run.invalid + "\n";
  }
  for (const HistoryNote& note : history.notes) {
    text += "note: " + minute_of(note.time_utc) + " " + std::string(name(note.kind)) +
            (note.series.empty() ? "" : ", " + note.series) + ": " + note.text +
            (note.link.empty() ? "" : " (" + note.link + ")") + "\n";
  }
  return text;
}

std::string series_text(const History& history) {
  TextTable table({"series", "runs", "last", "value", "unit", "ratio", "its interval"});
  for (const SeriesHistory& one : history.series) {
    const HistoryPoint& last = one.points.back();
    table.add({full_name(one.series), std::to_string(one.points.size()),
               minute_of(history.runs[last.run].time_utc), number_text(last.value),
               one.series.unit.empty() ? "-" : one.series.unit, number_text(last.ratio),
               interval_text(last.ratio_low, last.ratio_high)});
  }
  return table.str();
}

std::string points_text(const SeriesHistory& series, const HistoryScreen& screen, std::size_t index,
                        const History& history) {
  std::string text = full_name(series.series) + "  [" + series.key + "]\n";
  TextTable table({"time, UTC", "commit", "value", "interval", "ratio", "its interval", "verdict"});
  for (const HistoryPoint& point : series.points) {
    const HistoryRun& run = history.runs[point.run];
    table.add({minute_of(run.time_utc), commit_of(run),
               number_text(point.value) + " " + series.series.unit,
               interval_text(point.low, point.high), number_text(point.ratio),
               interval_text(point.ratio_low, point.ratio_high),
               !run.invalid.empty()    ? "invalid"
               : point.verdict.empty() ? "-"
                                       : point.verdict});
  }
  text += table.str();
  for (const Suspicion& suspicion : screen.suspicions) {
    if (suspicion.series != index) continue;
    text += "step: since " + minute_of(history.runs[suspicion.at].time_utc) + " " +
            change_text(suspicion.change) + ", " + worse_text(suspicion) + ", " +
            std::string(state_of(suspicion, history)) + "\n";
  }
  return text;
}

std::string screen_text(const History& history, const HistoryScreen& screen,
                        const ScreenView& view) {
  const auto groups = grouped(history, screen, view.all);
  std::size_t open = 0, worse = 0;
  for (const Suspicion& one : screen.suspicions) {
    open += one.open() ? 1U : 0U;
    worse += one.open() && one.worse ? 1U : 0U;
  }
  const std::size_t noted = screen.suspicions.size() - open;
  std::string text = number_of_things(open, "open suspicion") + " (" + std::to_string(worse) +
                     " worse) in " + std::to_string(history.series.size()) + " series of " +
                     number_of_things(history.runs.size(), "run");
  if (noted > 0) text += "; " + std::to_string(noted) + " with a note";
  text += open > 0 ? "; a suspicion is no regression before its command says so\n" : "\n";
  for (const auto& group : groups) text += "\n" + group_text(history, group, view);
  return text;
}

std::string prune_text(const PrunePlan& plan, bool done) {
  const std::string what = plan.whole_runs ? "run" : "document";
  std::string text = (done ? "pruned " : "would prune ") + number_of_things(plan.drop.size(), what);
  text += plan.whole_runs ? "\n" : "; their numbers stay\n";
  for (const std::string& id : plan.drop) text += "  " + id + "\n";
  for (const KeptRun& kept : plan.kept) text += "kept: " + kept.id + ", " + kept.reason + "\n";
  if (!done && !plan.drop.empty()) text += "nothing was changed; --yes does it\n";
  return text;
}

}  // namespace inferbench

#include "bench/cli/find_max_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench/cli/count_text.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

std::string named(const SweepTask& task) {
  return label(task.parallel) + ", chunk " + with_commas(task.chunk.count());
}

std::string load_text(double load, bool users) {
  return users ? with_commas(std::llround(load)) : significant(load, 4);
}

const Probe* whole_probe_at(const SearchedTask& task, double load) {
  const Probe* found = nullptr;
  for (const Probe& probe : task.probes) {
    if (probe.load == load && probe.whole) found = &probe;
  }
  return found;
}

std::string slo_table(const Probe& probe, const Slo& slo, std::uint64_t requests) {
  TextTable table({"SLO", "attained", "outside", "of requests"});
  for (std::size_t c = 0; c < slo.constraints.size(); ++c) {
    const ConstraintCount& count = probe.counts[c];
    table.add({label(slo.constraints[c]), count.attained ? significant(*count.attained, 4) : "-",
               slo.constraints[c].percentile && slo.constraints[c].metric != "itl"
                   ? with_commas(static_cast<long long>(count.over))
                   : "-",
               with_commas(static_cast<long long>(requests))});
  }
  return table.str();
}

std::string task_table(const FindMaxResult& result, bool users, std::size_t rows) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < result.tasks.size(); ++i) {
    if (!result.tasks[i].probes.empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto key = [&](std::size_t i) {
      const SearchedTask& t = result.tasks[i];
      return std::tuple(i != result.best && i != result.closest, t.state != SearchState::best,
                        -t.met(), -t.missed());
    };
    return key(a) < key(b);
  });
  const char* unit = users ? "users" : "requests/s";
  TextTable table({"config", "chunk", std::string(unit) + " met", "missed", "misses by",
                   "tried up to", "probes", "requests seen"});
  for (std::size_t row = 0; row < std::min(rows, order.size()); ++row) {
    const SearchedTask& t = result.tasks[order[row]];
    std::string binds = "-";
    std::uint64_t seen = 0;
    for (const Probe& probe : t.probes) {
      seen += probe.seen;
      if (!probe.met() && probe.load == t.missed()) binds = probe.binds;
    }
    if (std::isinf(t.missed()) && t.state == SearchState::beaten) binds = "steady capacity";
    table.add({label(t.task.parallel), std::to_string(t.task.chunk.count()),
               t.met() > 0 ? load_text(t.met(), users) : "-",
               std::isinf(t.missed()) ? "-" : load_text(t.missed(), users), binds,
               std::isinf(t.highest_load) ? "-" : significant(t.highest_load),
               std::to_string(t.probes.size()), with_commas(static_cast<long long>(seen))});
  }
  std::string text;
  if (order.size() > rows) {
    text = "\n" + std::to_string(rows) + " of " + count_text(order.size()) +
           " tried (--rows, --json for all):\n";
  } else {
    text = "\n";
  }
  return text + table.str();
}

std::string answer(const FindMaxResult& result, const SloProbe& probe, bool users) {
  const char* unit = users ? " users" : " requests/s";
  if (!result.best) {
    if (!result.closest) return "INTERRUPTED before any load was met\n";
    const SearchedTask& task = result.tasks[*result.closest];
    std::string text = "NOBODY MEETS THE SLO, not even at the lowest load tried";
    if (task.probes.empty()) return text + "\n";
    const Probe& last = task.probes.back();
    text += ", " + load_text(last.load, users) + unit + "\nclosest: " + named(task.task) + "\n" +
            "what binds: " + last.binds;
    if (last.strain && std::isfinite(*last.strain)) {
      text += *last.strain > 1 ? ", missed by a factor of " + significant(*last.strain)
                               : ", at " + significant(100 * *last.strain) +
                                     " % of its limit, but not at 99 % confidence";
    }
    return text + "\n\n" + slo_table(last, *probe.sweep().slo, last.seen);
  }
  const SearchedTask& task = result.tasks[*result.best];
  std::string text = load_text(result.load, users) + unit + ": " + named(task.task) + "\n";
  if (result.at_highest) {
    text += "note: this is the highest load that was looked at; the maximum may lie above it\n";
  } else if (!std::isinf(result.next)) {
    text += std::string("nobody meets ") + load_text(result.next, users) + unit + "\n";
  }
  if (!result.ties.empty()) {
    text += "as many: ";
    for (std::size_t i = 0; i < std::min<std::size_t>(3, result.ties.size()); ++i) {
      text += (i > 0 ? "; " : "") + named(result.tasks[result.ties[i]].task);
    }
    if (result.ties.size() > 3) text += "; " + count_text(result.ties.size() - 3) + " more";
    text += "\n";
  }
  if (const Probe* whole = whole_probe_at(task, result.load)) {
    text += "\n" + slo_table(*whole, *probe.sweep().slo, whole->seen);
  }
  return text;
}

std::string left_out(const FindMaxResult& result, const FindMaxOptions& options, double margin) {
  std::string text = "\n" + count_text(result.tasks.size()) +
                     (result.tasks.size() == 1 ? " task, " : " tasks (configuration x chunk), ") +
                     count_text(result.probes()) + " probes";
  const std::size_t no = result.count(SearchState::cannot_serve);
  const std::size_t pruned = result.count(SearchState::pruned);
  const std::size_t beaten = result.count(SearchState::beaten);
  if (no > 0) text += "; " + count_text(no) + " cannot serve";
  if (pruned > 0) {
    text += "; " + count_text(pruned) + " pruned: their steady capacity + " +
            significant(100 * margin) + " % is below a load that was probed";
  }
  if (beaten > 0 && result.best && !options.exhaustive) {
    text += "; " + count_text(beaten) +
            " cannot follow to a load that another meets (their own maximum: --exhaustive)";
  }
  return text + "\n";
}

}  // namespace

std::string find_max_report(const FindMaxResult& result, const SloProbe& probe,
                            const FindMaxOptions& options, std::size_t rows) {
  const bool users = probe.sweep().load == LoadKind::users;
  std::string text = answer(result, probe, users);
  for (const MonotonicityViolation& v : result.violations) {
    text += "WARNING: not monotone: " + named(result.tasks[v.task].task) + " misses " +
            load_text(v.missed, users) + " but meets " + load_text(v.met, users) +
            "; bisection takes for granted that it cannot\n";
  }
  if (rows > 0 && result.probes() > 0) text += task_table(result, users, rows);
  return text + left_out(result, options, probe.capacity_margin());
}

}  // namespace inferbench

#include "bench/cli/sweep_report.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/cli/sweep_plot.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

std::string kind_of(const std::string& why_not) {
  return why_not.substr(0, why_not.find(':'));
}

std::string counts(std::span<const SweepPoint> points) {
  std::set<ParallelConfig> configs;
  std::set<Tokens> chunks;
  std::set<double> loads;
  std::map<std::string, std::size_t> reasons, misses;
  std::size_t fit = 0;
  for (const SweepPoint& p : points) {
    configs.insert(p.task.parallel), chunks.insert(p.task.chunk);
    loads.insert(p.task.load);
    if (p.fits) ++fit;
    if (p.fits && !p.meets_slo) ++misses[kind_of(p.why_not)];
    if (!p.fits) ++reasons[kind_of(p.why_not)];
  }
  const auto number = [](std::size_t n) { return with_commas(static_cast<long long>(n)); };
  std::string text = number(configs.size()) + " configurations x " + number(chunks.size()) +
                     " chunk sizes" +
                     (loads.size() > 1 ? " x " + number(loads.size()) + " loads" : "") + ": " +
                     number(points.size()) + " points, " + number(fit) + " fit, " +
                     number(points.size() - fit) + " do not";
  std::string list;
  for (const auto& [reason, n] : reasons) {
    list += (list.empty() ? "" : ", ") + reason + " " + number(n);
  }
  if (!list.empty()) text += " (" + list + ")";
  for (const auto& [reason, n] : misses) {
    text +=
        "; of those that fit " + number(n) + (reason == "SLO" ? " miss the SLO" : ": " + reason);
  }
  return text + "\n";
}

std::string limits_text(const SweepLimits& limits) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (limits.max_ttft) add("TTFT <= " + human_seconds(limits.max_ttft->count()));
  if (limits.min_tps_user) add("tokens/s/user >= " + significant(*limits.min_tps_user));
  if (limits.max_tps_user) add("tokens/s/user <= " + significant(*limits.max_tps_user));
  return text;
}

std::string named(const SweepPoint& point) {
  return label(point.task.parallel) + "/" + std::to_string(point.task.chunk.count()) +
         (point.task.load > 0 ? "/" + significant(point.task.load) : "");
}

std::string ties_text(std::span<const SweepPoint> points, std::size_t of,
                      const SweepLimits& limits) {
  constexpr std::size_t kMost = 2;
  const auto ties = near_ties(points, of, limits);
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, ties.size()); ++i) {
    text += (i > 0 ? " " : "") + named(points[ties[i]]);
  }
  if (ties.size() > kMost) text += " +" + std::to_string(ties.size() - kMost);
  return text;
}

std::vector<std::size_t> spread(const std::vector<std::size_t>& all, std::size_t most) {
  if (all.size() <= most || most < 2) return all;
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(all[i * (all.size() - 1) / (most - 1)]);
  return some;
}

std::string frontier_table(std::span<const SweepPoint> points,
                           const std::vector<std::size_t>& frontier, const SweepLimits& limits,
                           std::size_t rows) {
  const auto any = [&](auto has) {
    return std::any_of(frontier.begin(), frontier.end(), [&](auto i) { return has(points[i]); });
  };
  const bool loads = any([](const SweepPoint& p) { return p.task.load > 0; });
  const bool decodes = any([](const SweepPoint& p) { return p.decodes > 0; });
  const bool shares = any([](const SweepPoint& p) { return p.measured_share.has_value(); });
  std::vector<std::string> header = {"config", "chunk"};
  if (loads) header.emplace_back("load");
  header.insert(header.end(), {"tok/s/user", "tok/s/GPU", "TTFT"});
  if (decodes) header.emplace_back("decodes/rank");
  if (shares) header.emplace_back("measured");
  header.insert(header.end(), {"GB/GPU", "ties within 1 %"});
  TextTable table(header);
  for (const std::size_t i : spread(frontier, rows)) {
    const SweepPoint& p = points[i];
    std::vector<std::string> row = {label(p.task.parallel), std::to_string(p.task.chunk.count())};
    if (loads) row.push_back(significant(p.task.load));
    row.insert(row.end(),
               {significant(p.tps_user), significant(p.tps_gpu), human_seconds(p.ttft.count())});
    if (decodes) row.push_back(significant(p.decodes));
    if (shares) row.push_back(fixed(100 * p.measured_share.value_or(0), 1) + " %");
    row.insert(row.end(), {fixed(p.memory_needed.count() / 1e9, 0), ties_text(points, i, limits)});
    table.add(std::move(row));
  }
  std::string text = "Pareto frontier, " + std::to_string(frontier.size()) + " points";
  if (frontier.size() > rows && rows >= 2) {
    text += ", " + std::to_string(rows) + " shown (--rows, --csv for all)";
  }
  return text + ":\n" + table.str();
}

std::string best_lines(std::span<const SweepPoint> points, const SweepLimits& limits) {
  const std::string under = limits.any() ? " under " + limits_text(limits) : "";
  const auto best = best_point(points, limits);
  if (!best) return "\nNo point fits" + (limits.any() ? " and stays" + under : "") + ".\n";
  const SweepPoint& p = points[*best];
  std::string text = "\nBest" + under + ": " + label(p.task.parallel) + ", chunk " +
                     std::to_string(p.task.chunk.count()) + ": " + significant(p.tps_gpu, 4) +
                     " tokens/s/GPU at " + significant(p.tps_user, 4) + " tokens/s/user, TTFT " +
                     human_seconds(p.ttft.count()) + "\n";
  const std::string ties = ties_text(points, *best, limits);
  if (!ties.empty()) text += "A tie, less than 1 % apart: " + ties + "\n";
  return text;
}

std::string infeasible_table(std::span<const SweepPoint> points) {
  std::map<ParallelConfig, std::string> never;
  std::set<ParallelConfig> fitting;
  for (const SweepPoint& p : points) {
    if (p.fits) fitting.insert(p.task.parallel);
    never.emplace(p.task.parallel, p.why_not);
  }
  TextTable table({"config", "why not"});
  for (const auto& [parallel, why] : never) {
    if (!fitting.contains(parallel)) table.add({label(parallel), why});
  }
  return "\nConfigurations that fit with no chunk size:\n" + table.str();
}

}  // namespace

std::string sweep_report(std::span<const SweepPoint> points, const SweepLimits& limits,
                         const SweepReportOptions& options) {
  const auto frontier = pareto_frontier(points, limits);
  std::string text = counts(points) + "\n";
  if (options.plot) {
    const auto best = limits.any() ? best_point(points, limits) : std::nullopt;
    text += scatter_plot(points, frontier, best) + "\n";
  }
  if (!frontier.empty()) text += frontier_table(points, frontier, limits, options.rows);
  text += best_lines(points, limits);
  if (options.infeasible) text += infeasible_table(points);
  return text;
}

std::string sweep_csv(std::span<const SweepPoint> points, const SweepLimits& limits) {
  const auto frontier = pareto_frontier(points, limits);
  const std::set<std::size_t> on_frontier(frontier.begin(), frontier.end());
  TextTable table({"parallel", "tp", "cp", "ep", "pp", "dp", "chunk_tokens", "load", "fits",
                   "frontier", "tokens_per_s_user", "tokens_per_s_gpu", "ttft_s", "tpot_s",
                   "stage_s", "decodes_per_rank", "memory_needed_bytes", "memory_available_bytes",
                   "why_not"});
  // Shortest text that reads back to the same number.
  const auto exact = [](double value) { return nlohmann::json(value).dump(); };
  for (std::size_t i = 0; i < points.size(); ++i) {
    const SweepPoint& p = points[i];
    const ParallelConfig& c = p.task.parallel;
    table.add({label(c), std::to_string(c.tp), std::to_string(c.cp), std::to_string(c.ep),
               std::to_string(c.pp), std::to_string(c.dp), std::to_string(p.task.chunk.count()),
               p.task.load > 0 ? exact(p.task.load) : "", p.fits ? "true" : "false",
               on_frontier.contains(i) ? "true" : "false", exact(p.tps_user), exact(p.tps_gpu),
               exact(p.ttft.count()), exact(p.tpot.count()), exact(p.stage.count()),
               exact(p.decodes), exact(p.memory_needed.count()), exact(p.memory_available.count()),
               p.why_not});
  }
  return table.csv();
}

}  // namespace inferbench

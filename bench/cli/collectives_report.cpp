#include "bench/cli/collectives_report.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/text_table.hpp"
#include "kernels/shapes/collective.hpp"

namespace inferbench {
namespace {

const CollectiveResult* find(const CollectivePoint& point, const CollectiveSubject& subject,
                             bool in_place) {
  for (const CollectiveResult& r : point.results) {
    if (r.subject.implementation == subject.implementation &&
        r.subject.transport == subject.transport && r.subject.in_place == in_place) {
      return &r;
    }
  }
  return nullptr;
}

// MPI's own of the same point.
const CollectiveResult* vendor(const CollectivePoint& point, bool in_place) {
  for (const CollectiveResult& r : point.results) {
    if (!r.subject.implementation->algorithm && r.subject.in_place == in_place) return &r;
  }
  return nullptr;
}

bool was_timed(const CollectiveResult* result) {
  return result != nullptr && !result->timed.samples.empty();
}

// A round trip is two messages: the time of one is reported.
double messages_per_run(const CollectiveResult& result) {
  return result.subject.implementation->algorithm == CollectiveAlgorithm::ping_pong ? 2 : 1;
}

// nccl-tests' count: elements of a block for collectives on blocks.
std::size_t count_of(const CollectiveProblem& p) {
  const bool blocks = p.kind == Collective::all_gather || p.kind == Collective::reduce_scatter ||
                      p.kind == Collective::all_to_all || p.kind == Collective::all_to_all_v;
  return blocks ? p.count / static_cast<std::size_t>(p.ranks) : p.count;
}

std::string redop_of(const CollectiveProblem& p) {
  return combines(p.kind) ? std::string(name(p.reduction)) : "none";
}

bool rooted(Collective kind) {
  return kind == Collective::broadcast || kind == Collective::reduce;
}

bool crowded(const CollectivePoint& point, const CollectivePlace& place) {
  return place.host_names.size() <= 1 && static_cast<unsigned>(point.problem.ranks) > place.cores;
}

std::vector<std::string> timing_cells(const CollectiveProblem& problem,
                                      const CollectiveResult* result) {
  if (result == nullptr || !result->skipped.empty()) return {"-", "-", "-", "-"};
  const std::string wrong = std::to_string(result->wrong);
  if (!was_timed(result)) return {"-", "-", "-", wrong};
  const double ns = result->timed.median_ns / messages_per_run(*result);
  const CollectiveBandwidth rate = bandwidth_of(problem, ns);
  return {significant(ns / 1e3), significant(rate.algbw),
          problem.ranks > 1 ? significant(rate.busbw) : "n/a", wrong};
}

// What stands beside nccl-tests' columns, of the out-of-place result.
std::vector<std::string> more_cells(const CollectivePoint& point, const CollectiveResult& result,
                                    const CollectivePlace& place) {
  if (!was_timed(&result)) return {"-", "-", "-", "-", "-", "-", result.skipped};
  const double parts = 1e3 * messages_per_run(result);
  const CollectiveResult* mpi = vendor(point, false);
  std::string ratio = "-", fastest_ratio = "-";
  if (was_timed(mpi) && mpi != &result) {
    ratio = fixed(paired_ratio(mpi->timed, result.timed).median, 2) + "x";
    // On a busy machine medians are of time slices; the fastest samples were left alone.
    fastest_ratio = fixed(mpi->fastest_ns / result.fastest_ns, 2) + "x";
  }
  return {significant(result.fastest_ns / parts),
          significant(result.timed.interval.low / parts) + " to " +
              significant(result.timed.interval.high / parts),
          std::to_string(result.timed.samples.size()),
          ratio,
          fastest_ratio,
          result.of_model ? fixed(100 * *result.of_model, 0) + " %" : "-",
          crowded(point, place) ? "more ranks than cores" : ""};
}

RowTiming timing_of(const TimedSubject& timed) {
  RowTiming row;
  for (const TimedSample& sample : timed.samples) {
    row.wall_ns.push_back(sample.wall_ns);
    row.cpu_ns.push_back(sample.cpu_ns);
  }
  row.runs_per_sample = timed.runs_per_sample;
  row.warm_up_runs = timed.warm_up_runs;
  row.median_ns = timed.median_ns;
  row.low_ns = timed.interval.low;
  row.high_ns = timed.interval.high;
  row.confidence = timed.interval.confidence;
  row.stop = name(timed.stop);
  row.preempted_share = timed.preempted_share;
  return row;
}

void add_metrics(KernelRow& row, const CollectivePoint& point, const CollectiveResult& result) {
  const CollectiveBandwidth rate =
      bandwidth_of(point.problem, result.timed.median_ns / messages_per_run(result));
  row.metrics["algbw_gb_per_s"] = rate.algbw;
  if (point.problem.ranks > 1) row.metrics["busbw_gb_per_s"] = rate.busbw;
  row.metrics["fastest_ns"] = result.fastest_ns;
  if (result.subject.implementation->algorithm) {
    row.metrics["wire_bytes_of_all_ranks"] =
        total_wire_bytes(point.problem.kind, *result.subject.implementation->algorithm,
                         Bytes(static_cast<double>(point.problem.total_bytes())),
                         point.problem.ranks)
            .count();
  }
  if (!result.of_model) return;
  row.metrics["predicted_over_measured_time"] = *result.of_model;
  row.metrics["copy_gb_per_s"] = point.copy_gb_per_s;
  row.metrics["barrier_ns"] = point.barrier_ns;
}

KernelRow row_of(const CollectivePoint& point, const CollectiveResult& result,
                 const CollectivePlace& place) {
  const CollectiveProblem& p = point.problem;
  KernelRow row;
  row.op = name(p.kind);
  row.format = name(p.type);
  row.axes = {{"bytes", static_cast<std::int64_t>(p.message_bytes())},
              {"in_place", result.subject.in_place ? 1 : 0}};
  if (rooted(p.kind)) row.axes["root"] = p.root;
  row.tags = {{"transport", std::string(name(result.subject.transport))}};
  if (combines(p.kind)) row.tags["redop"] = redop_of(p);
  row.implementation = result.subject.implementation->name();
  row.provider = result.subject.implementation->provider;
  if (row.provider == "mpi") row.version = place.mpi_version;
  row.threads = static_cast<unsigned>(p.ranks);
  row.fill = "uniform";
  if (crowded(point, place)) {
    row.suspect.push_back("more ranks (" + std::to_string(p.ranks) + ") than cores (" +
                          std::to_string(place.cores) + ")");
  }
  if (!result.skipped.empty()) {
    row.status = RowStatus::skipped;
    row.reason = result.skipped;
    return row;
  }
  row.check = RowCheck{.pass = result.wrong == 0,
                       .worst = result.worst,
                       .tolerance = result.exact ? 0.0 : 1.0,
                       .compared = result.compared,
                       .wrong = result.wrong,
                       .unwritten = 0};
  if (result.wrong > 0) {
    row.status = RowStatus::failed;
    row.reason = std::to_string(result.wrong) + " elements are wrong";
    return row;
  }
  row.timing = timing_of(result.timed);
  add_metrics(row, point, result);
  const CollectiveResult* mpi = vendor(point, result.subject.in_place);
  if (was_timed(mpi) && mpi != &result) {
    const Ratio ratio = paired_ratio(mpi->timed, result.timed);
    row.ratios.push_back({.to = "vendor",
                          .implementation = "mpi",
                          .speedup = ratio.median,
                          .low = ratio.interval.low,
                          .high = ratio.interval.high,
                          .pairs = ratio.pairs});
  }
  return row;
}

std::string markdown_of(const std::vector<std::vector<std::string>>& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string out = "|";
    for (const std::string& cell : cells) out += " " + cell + " |";
    return out + "\n";
  };
  std::string out =
      line(table.front()) + line(std::vector<std::string>(table.front().size(), "---"));
  for (std::size_t row = 1; row < table.size(); ++row) out += line(table[row]);
  return out;
}

}  // namespace

CollectiveBandwidth bandwidth_of(const CollectiveProblem& problem, double time_ns) {
  if (time_ns <= 0) return {};
  const double algbw = static_cast<double>(problem.busiest_bytes()) / time_ns;
  return {algbw, algbw * bus_bandwidth_factor(problem.kind, problem.ranks)};
}

std::string collectives_header(const std::vector<CollectivePoint>& points,
                               const CollectivePlace& place) {
  std::set<int> ranks;
  bool any_crowded = false;
  for (const CollectivePoint& point : points) {
    ranks.insert(point.problem.ranks);
    any_crowded = any_crowded || crowded(point, place);
  }
  std::string text = "# ranks:";
  for (const int n : ranks) text += " " + std::to_string(n);
  text += "; cores of this host: " + std::to_string(place.cores) + "\n";
  if (!place.mpi_version.empty()) {
    text += "# MPI: " + place.mpi_version + "; hosts: " + joined(place.host_names) + "\n";
  }
  text += "# times are medians over rounds of the slowest rank; GB = 10^9 bytes\n";
  if (any_crowded) {
    text += "# more ranks than cores: times of small messages are switches of threads\n";
  }
  return text;
}

std::string collectives_table(const std::vector<CollectivePoint>& points,
                              const CollectivePlace& place, TableForm form) {
  std::vector<std::vector<std::string>> table = {{"op",
                                                  "ranks",
                                                  "size (B)",
                                                  "count",
                                                  "type",
                                                  "redop",
                                                  "root",
                                                  "algorithm",
                                                  "over",
                                                  "time (us)",
                                                  "algbw (GB/s)",
                                                  "busbw (GB/s)",
                                                  "#wrong",
                                                  "in place: time (us)",
                                                  "algbw (GB/s)",
                                                  "busbw (GB/s)",
                                                  "#wrong",
                                                  "min (us)",
                                                  "95 % interval (us)",
                                                  "rounds",
                                                  "vs mpi",
                                                  "vs mpi, min",
                                                  "of model",
                                                  "note"}};
  for (const CollectivePoint& point : points) {
    const CollectiveProblem& p = point.problem;
    for (const CollectiveResult& result : point.results) {
      if (result.subject.in_place) continue;
      std::vector<std::string> cells = {std::string(name(p.kind)),
                                        std::to_string(p.ranks),
                                        std::to_string(p.message_bytes()),
                                        std::to_string(count_of(p)),
                                        std::string(name(p.type)),
                                        redop_of(p),
                                        rooted(p.kind) ? std::to_string(p.root) : "-1",
                                        result.subject.implementation->name(),
                                        std::string(name(result.subject.transport))};
      for (const bool in_place : {false, true}) {
        const auto more = timing_cells(p, find(point, result.subject, in_place));
        cells.insert(cells.end(), more.begin(), more.end());
      }
      const auto rest = more_cells(point, result, place);
      cells.insert(cells.end(), rest.begin(), rest.end());
      table.push_back(std::move(cells));
    }
  }
  if (form == TableForm::markdown) return markdown_of(table);
  TextTable text(table.front());
  for (std::size_t row = 1; row < table.size(); ++row) text.add(std::move(table[row]));
  return form == TableForm::csv ? text.csv() : text.str();
}

std::vector<KernelRow> collective_rows(const std::vector<CollectivePoint>& points,
                                       const CollectivePlace& place, std::uint64_t seed) {
  std::vector<KernelRow> rows;
  for (const CollectivePoint& point : points) {
    for (const CollectiveResult& result : point.results) {
      rows.push_back(row_of(point, result, place));
      rows.back().seed = seed;
    }
  }
  return rows;
}

}  // namespace inferbench

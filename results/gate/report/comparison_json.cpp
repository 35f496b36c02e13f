#include <cmath>
#include <nlohmann/json.hpp>

#include "results/gate/report/comparison_report.hpp"
#include "results/host_json.hpp"
#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

Json rule_json(const GateComparison& comparison) {
  const GateRule& rule = comparison.rule;
  return {{"name", "group-sequential exact signed-rank test of paired, relaunched blocks"},
          {"version", 1},
          {"margin", rule.margin},
          {"target", rule.target},
          {"alpha_per_suite", rule.alpha},
          {"beta_per_series", rule.beta},
          {"correction", "Bonferroni over timed series"},
          {"looks_blocks", rule.looks},
          {"statistic", "ln(candidate / baseline), each the mean of the fastest half of slices"},
          {"clock", comparison.clock},
          {"seed", json_integer(comparison.seed)}};
}

Json side_json(const WorkerHello& hello, const std::string& code) {
  return {{"version", hello.version},       {"commit", hello.commit},
          {"compiler", hello.compiler},     {"flags", hello.flags},
          {"build_type", hello.build_type}, {"code_sha256", code}};
}

Json interval_json(const Interval& interval) {
  return {{"low", interval.low}, {"high", interval.high}, {"confidence", interval.confidence}};
}

Json blocks_json(const std::vector<GateBlock>& blocks) {
  Json baseline = Json::array(), candidate = Json::array(), preempted = Json::array();
  for (const GateBlock& block : blocks) {
    baseline.push_back(block.baseline_ns);
    candidate.push_back(block.candidate_ns);
    preempted.push_back(block.preempted_share);
  }
  return {{"baseline_ns", baseline}, {"candidate_ns", candidate}, {"preempted_share", preempted}};
}

Json series_json(const SeriesResult& series) {
  Json json = {{"name", series.name},
               {"verdict", name(series.verdict)},
               {"metric", "time per run"},
               {"better", "lower"}};
  if (!series.flags.empty()) json["flags"] = series.flags;
  if (!series.blocks.empty()) {
    json["baseline_ns_median"] = series.baseline_ns();
    json["candidate_ns_median"] = series.candidate_ns();
  }
  if (series.change) {
    json["change"] = series.change->change;
    json["change_blocks"] = series.change->blocks;
    if (series.change->interval) json["change_interval"] = interval_json(*series.change->interval);
    if (series.change->gate_interval) {
      json["change_interval_of_gate"] = interval_json(*series.change->gate_interval);
    }
  }
  json["runs_per_slice"] = series.runs_per_slice;
  json["slices_per_side"] = series.slices;
  json["looks"] = Json::array();
  for (const GateLookResult& look : series.looks) {
    json["looks"].push_back({{"blocks", look.blocks},
                             {"p_slower", look.p_slower},
                             {"p_not_slower", look.p_not_slower},
                             {"p_faster", look.p_faster},
                             {"p_not_faster", look.p_not_faster}});
  }
  json["blocks"] = blocks_json(series.blocks);
  return json;
}

Json noise_json(const GateNoise& noise) {
  return {{"elapsed_ns", noise.elapsed.count()},
          {"stolen_ns", noise.stolen.count()},
          {"load_before", noise.load_before},
          {"load_after", noise.load_after},
          {"preempted_share", noise.preempted_share}};
}

}  // namespace

std::string comparison_json(const GateComparison& comparison) {
  Json json = {{"schema", "inferbench.comparison"},
               {"version", "1.1.0"},
               {"verdict", name(verdict(comparison))},
               {"sentence", verdict_sentence(comparison)},
               {"suite", comparison.suite},
               {"started_utc", comparison.started_utc},
               {"host", host_json(comparison.host)},
               {"interrupted", comparison.interrupted},
               {"invalid", comparison.invalid},
               {"notes", comparison.notes},
               {"method", rule_json(comparison)},
               {"baseline", side_json(comparison.baseline, comparison.baseline_code)},
               {"candidate", side_json(comparison.candidate, comparison.candidate_code)},
               {"blocks", comparison.blocks},
               {"noise", noise_json(comparison.noise)},
               {"series", Json::array()},
               {"exact", Json::array()},
               {"skipped", Json::array()}};
  for (const SeriesResult& series : comparison.series) {
    json["series"].push_back(series_json(series));
  }
  for (const ExactResult& exact : comparison.exact) {
    json["exact"].push_back({{"name", exact.name},
                             {"verdict", name(exact.verdict())},
                             {"better", "lower"},
                             {"baseline", json_integer(exact.baseline)},
                             {"candidate", json_integer(exact.candidate)}});
    if (exact.tolerance > 0) json["exact"].back()["tolerance"] = exact.tolerance;
  }
  for (const SkippedSeries& skipped : comparison.skipped) {
    json["skipped"].push_back({{"name", skipped.name}, {"reason", skipped.reason}});
  }
  if (comparison.canary) json["canary"] = series_json(*comparison.canary);
  return with_safe_numbers(json).dump(1) + "\n";
}

}  // namespace inferbench

#include "harness/calibrate/timed_steps.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/calibrate/skew.hpp"
#include "harness/stats/percentile.hpp"
#include "harness/stats/visits.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kFewestRuns = 3;

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

// The runs of one step that count.
struct StepRuns {
  std::vector<RigTimes> all;  // of this visit, warm-up first
  std::vector<RigTimes> kept;
  std::vector<std::int64_t> visits;  // of each kept

  void keep(std::size_t sampled, std::int64_t visit) {
    const std::size_t count = std::min(sampled, all.size());
    kept.insert(kept.end(), all.end() - static_cast<std::ptrdiff_t>(count), all.end());
    visits.resize(kept.size(), visit);
    all.clear();
  }

  std::vector<double> of(std::size_t op) const {
    std::vector<double> values;
    values.reserve(kept.size());
    for (const RigTimes& times : kept) values.push_back(times[op]);
    return values;
  }

  OpPoint point(std::size_t op, const SamplerOptions& options) const {
    std::vector<double> values = of(op);
    const Interval interval =
        visited_median(values, visits, {.confidence = options.confidence, .seed = options.seed});
    OpPoint point;
    point.samples = values.size();
    point.ns = median_of(std::move(values));
    point.low_ns = std::min(interval.low, point.ns);
    point.high_ns = std::max(interval.high, point.ns);
    return point;
  }
};

// Of the points of an op, decodes apart: chunks of prompts are longer, and delays smaller beside
// them.
using SkewKey = std::pair<std::string, bool>;

SkewKey key_of(const ProbedOp& op, const ProbeStep& step) {
  return {op.site.op, step.decode};
}

// A decode follows one of the same requests: their keys, and what else fits a cache, are there.
std::function<void()> preparation(const ProbeStep& step,
                                  const std::function<RigTimes(const ProbeStep&)>& run) {
  if (!step.decode) return [] {};
  return [&] { run(step); };
}

}  // namespace

std::vector<TimedOp> time_steps(const std::vector<ProbeStep>& steps, const DecoderOps& decoder,
                                const std::function<RigTimes(const ProbeStep&)>& run,
                                Duration budget, Stopwatch& stopwatch,
                                const SamplerOptions& options) {
  if (steps.empty()) return {};
  std::vector<StepRuns> runs(steps.size());
  std::vector<Subject> subjects;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    // With something to prepare, be it nothing, a sample is one run.
    subjects.push_back({.name = std::to_string(i),
                        .run = [&, i] { runs[i].all.push_back(run(steps[i])); },
                        .prepare = preparation(steps[i], run)});
  }
  SubjectGroup group(std::move(subjects), stopwatch, options);
  const auto shares = static_cast<Duration::rep>(steps.size()) * options.visits;
  for (std::int64_t visit = 1; visit <= options.visits && !group.settled(); ++visit) {
    group.sample(budget / shares);
    const std::vector<TimedSubject> timed = group.results();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto here = std::count_if(timed[i].samples.begin(), timed[i].samples.end(),
                                      [&](const TimedSample& s) { return s.visit == visit; });
      runs[i].keep(static_cast<std::size_t>(here), visit);
    }
    if (options.interrupted && options.interrupted()) break;
  }
  std::vector<TimedOp> timed;
  std::vector<SkewKey> keys;  // of each
  std::map<SkewKey, Skew> skews;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (runs[i].kept.size() < kFewestRuns) continue;
    const std::vector<ProbedOp> ops = probed_ops(decoder, steps[i]);
    ensure(ops.size() == runs[i].kept.front().size(), "each op of a step is timed");
    for (std::size_t op = 0; op < ops.size(); ++op) {
      const OpClass of = find_table_op(ops[op].site.op)->op_class;
      if (of == OpClass::attention && !steps[i].attention) continue;
      OpPoint point = runs[i].point(op, options);
      point.x = ops[op].x, point.y = ops[op].y;
      if (point.ns <= 0) continue;
      timed.push_back({ops[op], point});
      keys.push_back(key_of(ops[op], steps[i]));
      skews[keys.back()].add(runs[i].of(op), point.ns);
    }
  }
  for (std::size_t i = 0; i < timed.size(); ++i) skews[keys[i]].apply(timed[i].point);
  return timed;
}

}  // namespace inferbench

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/base/units.hpp"
#include "harness/timing/sampler.hpp"
#include "results/gate/series_test.hpp"
#include "results/gate/worker.hpp"
#include "results/host_info.hpp"

namespace inferbench {

// One launch of both programs: what a run of the series took on each side.
struct GateBlock {
  double baseline_ns = 0, candidate_ns = 0;  // mean of the fastest half of the slices
  double preempted_share = 0;                // of the slices
};

// What became of one timed series.
struct SeriesResult {
  std::string name;
  SeriesVerdict verdict = SeriesVerdict::inconclusive;
  std::vector<std::string> flags{};  // what else to know: "same-code", "work-differs"
  std::int64_t runs_per_slice = 1;
  std::size_t slices = 0;  // per side and block
  std::vector<GateBlock> blocks{};
  std::vector<GateLookResult> looks{};
  std::optional<ChangeEstimate> change{};

  double baseline_ns() const;   // median over blocks; 0 without blocks
  double candidate_ns() const;  // the same
};

// A number without noise: any increase beyond the tolerance is a regression.
struct ExactResult {
  std::string name;  // "replay/llama-3-8b/modelled_ns"
  std::int64_t baseline = 0, candidate = 0;
  double tolerance = 0;  // as a part of the baseline: what nobody calls a change
  SeriesVerdict verdict() const;
};

struct SkippedSeries {
  std::string name, reason;
};

// What happened on the machine meanwhile.
struct GateNoise {
  Duration elapsed{}, stolen{};  // stolen: by the hypervisor, of all cores
  std::string load_before, load_after;
  double preempted_share = 0;  // of all slices
};

// Two programs, one suite.
struct GateComparison {
  GateRule rule;
  std::string suite, clock;
  std::uint64_t seed = 0;
  std::string started_utc;  // RFC 3339
  HostInfo host;
  WorkerHello baseline, candidate;  // without their series
  std::string baseline_code, candidate_code;
  std::vector<SeriesResult> series;  // in the baseline's order
  std::vector<ExactResult> exact;
  std::vector<SkippedSeries> skipped;
  std::optional<SeriesResult> canary;  // the baseline against itself
  std::vector<std::string> invalid;    // reasons; empty: the comparison counts
  std::vector<std::string> notes;      // differences that do not stand against it
  std::size_t blocks = 0;
  GateNoise noise;
  bool interrupted = false;

  std::size_t count(SeriesVerdict verdict) const;  // of timed and exact series
};

enum class GateVerdict { pass, regression, inconclusive, invalid };
GateVerdict verdict(const GateComparison& comparison);
std::string_view name(GateVerdict verdict);

// 0, 3, 4 (inconclusive, only when strict) or 5.
ExitCode exit_code(const GateComparison& comparison, bool strict);
ExitCode exit_code(GateVerdict verdict, bool strict);

// "1 of 24 series regressed (worst: kernel/gemm +7.4 %), 1 inconclusive, 22 unchanged; ..."
std::string verdict_sentence(const GateComparison& comparison);

// "+7.4 %", "-0.3 %", "0.0 %"
std::string change_text(double change);

}  // namespace inferbench

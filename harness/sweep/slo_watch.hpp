#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/metrics/slo.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// When a probe of an SLO may end.
enum class Stopping {
  early,    // as soon as the verdict is certain at 99 %
  certain,  // as soon as it is beyond doubt: the verdict on exactly these requests
  never,    // at the run's end: by how much the SLO is missed
};

enum class ProbeVerdict {
  met,        // every constraint is supported at 99 % confidence
  missed,     // a constraint is not attained, or can no longer be supported
  undecided,  // attained, but by so little that 99 % would need more requests
};

// One constraint after a probe.
struct ConstraintCount {
  std::uint64_t over = 0;          // requests outside the limit, rejected ones included
  std::optional<double> attained;  // the percentile or mean; only of a run that went to its end
};

// Judges an SLO while a run's records come in, by MLPerf LoadGen's early stopping: a percentile p
// is met when P[Binomial(n, 1 - p) <= over] <= 1 %.
//
// Requests are counted in order of arrival, since fast ones end first. A run ends
//   - when so many requests are outside a limit that not even all others could make up for them
//     (not with Stopping::never);
//   - with Stopping::early, when at one of its looks (after 64, 128, ... requests; the 1 % is
//     shared between them) P[Binomial(n, 1 - p) >= over] is small enough: missed;
//   - with Stopping::early, when at a look from half of the requests on every percentile is
//     supported and latencies do not grow along the run: met.
// Means and ITL, whose samples are gaps and not requests, are judged at the end.
//
// Source: mlcommons/inference, loadgen/early_stopping.cc.
class SloWatch final : public RecordSink {
 public:
  // `requests`: how many will come, ids 0 .. requests - 1.
  SloWatch(const Slo& slo, std::uint64_t requests, Stopping stopping);

  // Throws RunDecided when nothing that could still come changes the verdict.
  void accept(RequestRecord record) override;
  // The run went to its end: judges what is left to judge.
  void finish();

  ProbeVerdict verdict() const { return verdict_; }
  std::uint64_t seen() const { return seen_; }
  std::uint64_t rejected() const { return rejected_; }
  bool whole() const { return whole_; }  // every request was seen
  const std::vector<RequestRecord>& records() const { return records_; }
  const std::vector<ConstraintCount>& counts() const { return counts_; }
  // The constraint that decided (missed), or comes nearest to its limit; an index into the SLO.
  std::size_t binding() const { return binding_; }
  // Attained / limit of that constraint (limit / attained for a speed); above 1 when missed.
  // nullopt for a run that did not go to its end.
  std::optional<double> strain() const;

  // How many requests outside the limit a percentile bears among n; nullopt: even none is too many.
  static std::optional<std::uint64_t> most_over(double percentile, std::uint64_t n);

 private:
  struct Judged {
    bool counted = false;  // a percentile over requests
    double tail = 0;       // percentile above 50
    std::optional<std::uint64_t> most_over;
    std::uint64_t over_in_order = 0;
  };

  void look();
  bool grows() const;
  [[noreturn]] void decide(ProbeVerdict verdict, std::size_t constraint);
  std::optional<double> attained(const SloConstraint& constraint) const;
  double strain_of(std::size_t constraint) const;

  Slo slo_;
  std::uint64_t requests_;
  Stopping stopping_;
  std::vector<Judged> judged_;
  std::vector<ConstraintCount> counts_;
  std::vector<RequestRecord> records_;
  std::vector<std::int8_t> ended_;       // by id
  std::vector<std::uint32_t> violated_;  // by id: bit per constraint
  std::vector<double> first_token_;      // by id: seconds from schedule, for the trend
  std::uint64_t seen_ = 0, in_order_ = 0, next_look_ = 64, rejected_ = 0;
  double look_confidence_ = 0;
  ProbeVerdict verdict_ = ProbeVerdict::undecided;
  std::size_t binding_ = 0;
  bool whole_ = false;
};

// Ends a run from within its sink. The system is in the middle of its work and cannot be used
// again.
struct RunDecided {};

// Serves until the source is exhausted or the watch has seen enough.
void serve_until_decided(SystemUnderTest& system, RequestSource& source, SloWatch& watch);

// The fewest requests that could support every percentile of an SLO; 1 without percentiles.
std::uint64_t least_requests(const Slo& slo);

}  // namespace inferbench

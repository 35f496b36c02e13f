#include "harness/sweep/slo_watch.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/metrics/goodput.hpp"
#include "harness/metrics/itl.hpp"
#include "harness/metrics/request_metric.hpp"
#include "harness/stats/early_stopping.hpp"
#include "harness/stats/incomplete_beta.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr std::uint64_t kFirstLook = 64;
constexpr std::size_t kMostConstraints = 32;  // bits of `violated_`

double tail_of(double percentile) {
  return std::max(percentile, 100 - percentile);
}

// P[Binomial(n, chance) >= over]
double at_least(std::uint64_t over, std::uint64_t n, double chance) {
  return 1 - binomial_at_most(real(over) - 1, real(n), chance);
}

}  // namespace

std::uint64_t least_requests(const Slo& slo) {
  std::uint64_t least = 1;
  for (const SloConstraint& constraint : slo.constraints) {
    if (!constraint.percentile || constraint.metric == "itl") continue;
    least = std::max(least, least_samples(tail_of(*constraint.percentile)));
  }
  return least;
}

std::optional<std::uint64_t> SloWatch::most_over(double percentile, std::uint64_t n) {
  const double tail = tail_of(percentile);
  if (!supports_percentile(tail, n, 0)) return std::nullopt;
  std::uint64_t supported = 0, too_many = n;
  while (supported + 1 < too_many) {
    const std::uint64_t middle = supported + (too_many - supported) / 2;
    (supports_percentile(tail, n, middle) ? supported : too_many) = middle;
  }
  return supported;
}

SloWatch::SloWatch(const Slo& slo, std::uint64_t requests, Stopping stopping)
    : slo_(slo), requests_(requests), stopping_(stopping), counts_(slo.constraints.size()) {
  ensure(!slo.constraints.empty() && slo.constraints.size() <= kMostConstraints,
         "an SLO has between 1 and 32 constraints");
  for (const SloConstraint& constraint : slo.constraints) {
    Judged judged;
    judged.counted = constraint.percentile && constraint.metric != "itl";
    if (judged.counted) {
      judged.tail = tail_of(*constraint.percentile);
      judged.most_over = most_over(*constraint.percentile, requests);
    }
    judged_.push_back(judged);
  }
  ended_.resize(requests), violated_.resize(requests), first_token_.resize(requests);
  records_.reserve(requests);
  double looks = 1;
  for (std::uint64_t n = kFirstLook; n < requests; n *= 2) ++looks;
  look_confidence_ = 1 - (1 - kConfidence) / looks;
}

void SloWatch::accept(RequestRecord record) {
  const std::size_t id = record.id.index();
  ensure(id < requests_ && ended_[id] == 0, "each request of the workload ends once");
  const bool completed = record.outcome == Outcome::completed;
  rejected_ += record.outcome == Outcome::rejected ? 1 : 0;
  ended_[id] = 1;
  ++seen_;
  if (completed) first_token_[id] = seconds(record.token_times.front() - record.scheduled).count();
  std::optional<std::size_t> hopeless;
  for (std::size_t c = 0; c < judged_.size(); ++c) {
    if (completed && (!judged_[c].counted || meets(record, slo_.constraints[c]))) continue;
    violated_[id] |= 1U << c;
    ++counts_[c].over;
    if (judged_[c].counted && counts_[c].over > judged_[c].most_over.value_or(0)) {
      hopeless = hopeless.value_or(c);
    }
  }
  records_.push_back(std::move(record));
  if (hopeless && seen_ < requests_ && stopping_ != Stopping::never)
    decide(ProbeVerdict::missed, *hopeless);
  while (in_order_ < requests_ && ended_[in_order_] != 0) {
    for (std::size_t c = 0; c < judged_.size(); ++c) {
      judged_[c].over_in_order += violated_[in_order_] >> c & 1U;
    }
    ++in_order_;
    if (in_order_ == next_look_) {
      next_look_ *= 2;
      if (stopping_ == Stopping::early) look();
    }
  }
}

void SloWatch::look() {
  bool all_met = 2 * in_order_ >= requests_ && seen_ < requests_;
  for (std::size_t c = 0; c < judged_.size(); ++c) {
    const Judged& judged = judged_[c];
    if (!judged.counted) {
      all_met = false;
      continue;
    }
    const double chance = (100 - judged.tail) / 100;
    if (at_least(judged.over_in_order, in_order_, chance) <= 1 - look_confidence_) {
      decide(ProbeVerdict::missed, c);
    }
    all_met = all_met &&
              supports_percentile(judged.tail, in_order_, judged.over_in_order, look_confidence_);
  }
  if (all_met && !grows()) decide(ProbeVerdict::met, 0);
}

// Whether first tokens come later and later: the second half's mean against the first's. A queue
// that grows all along has a mean in its second half three times that of the first.
bool SloWatch::grows() const {
  const auto half = static_cast<std::ptrdiff_t>(in_order_ / 2);
  double early = 0, late = 0;
  for (std::ptrdiff_t i = 0; i < half; ++i) {
    early += first_token_[static_cast<std::size_t>(i)];
    late += first_token_[static_cast<std::size_t>(i + half)];
  }
  return late > 1.25 * early;
}

void SloWatch::decide(ProbeVerdict verdict, std::size_t constraint) {
  verdict_ = verdict;
  binding_ = constraint;
  throw RunDecided{};
}

std::optional<double> SloWatch::attained(const SloConstraint& constraint) const {
  std::vector<double> samples;
  for (const RequestRecord& record : records_) {
    if (record.outcome != Outcome::completed) continue;
    if (constraint.metric == "itl") {
      append_gaps(record, samples);
      continue;
    }
    for (const RequestMetric& metric : request_metrics()) {
      if (metric.id != constraint.metric) continue;
      if (const auto value = metric.of(record)) samples.push_back(*value);
    }
  }
  if (samples.empty()) return std::nullopt;
  if (constraint.percentile) {
    std::sort(samples.begin(), samples.end());
    return percentile_of_sorted(samples, *constraint.percentile);
  }
  double sum = 0;
  for (const double sample : samples) sum += sample;
  return sum / real(samples.size());
}

double SloWatch::strain_of(std::size_t constraint) const {
  const SloConstraint& limit = slo_.constraints[constraint];
  const auto& value = counts_[constraint].attained;
  if (!value) return 0;
  if (!limit.at_least) return *value / limit.limit;
  return *value > 0 ? limit.limit / *value : HUGE_VAL;
}

std::optional<double> SloWatch::strain() const {
  if (!whole_) return std::nullopt;
  return strain_of(binding_);
}

void SloWatch::finish() {
  whole_ = true;
  verdict_ = ProbeVerdict::met;
  std::optional<std::size_t> missed, undecided;
  for (std::size_t c = 0; c < judged_.size(); ++c) {
    counts_[c].attained = attained(slo_.constraints[c]);
    if (strain_of(c) > strain_of(binding_)) binding_ = c;
    const auto& value = counts_[c].attained;
    const bool attained = !value || slo_.constraints[c].met_by(*value);
    const bool counted = judged_[c].counted;
    const double share = counted ? (100 - judged_[c].tail) / 100 : 0;
    if (!attained || (counted ? real(counts_[c].over) > share * real(seen_) : rejected_ > 0)) {
      if (!missed || strain_of(c) > strain_of(*missed)) missed = c;
    } else if (counted && (!judged_[c].most_over || counts_[c].over > *judged_[c].most_over)) {
      undecided = undecided.value_or(c);
    }
  }
  if (undecided) verdict_ = ProbeVerdict::undecided, binding_ = *undecided;
  if (missed) verdict_ = ProbeVerdict::missed, binding_ = *missed;
}

void serve_until_decided(SystemUnderTest& system, RequestSource& source, SloWatch& watch) {
  try {
    system.serve(source, watch);
    watch.finish();
  } catch (const RunDecided&) {
    // The verdict is in the watch.
  }
}

}  // namespace inferbench

#include "results/gate/series_test.hpp"

#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// Of the differences seen from `origin` in one direction: +1 upwards, -1 downwards.
double p_beyond(const std::vector<double>& log_ratios, double origin, double direction,
                const SignedRankTable& table) {
  std::vector<double> differences;
  differences.reserve(log_ratios.size());
  for (const double d : log_ratios) differences.push_back(direction * d - origin);
  return signed_rank_p(differences, &table);
}

std::optional<Interval> change_interval(const std::vector<double>& log_ratios,
                                        const SignedRankTable& table, double level,
                                        double confidence) {
  const auto range = signed_rank_range(log_ratios, table, level);
  if (!range) return std::nullopt;
  return Interval{std::expm1(range->low), std::expm1(range->high), confidence};
}

}  // namespace

std::string_view name(SeriesVerdict verdict) {
  switch (verdict) {
    case SeriesVerdict::regression:
      return "regression";
    case SeriesVerdict::pass:
      return "pass";
    case SeriesVerdict::improvement:
      return "improvement";
    case SeriesVerdict::inconclusive:
      break;
  }
  return "inconclusive";
}

SeriesTest::SeriesTest(const GatePlan& plan) : plan_(&plan) {}

void SeriesTest::add(double log_ratio) {
  ensure(!decided(), "a decided series takes no more blocks");
  ensure(std::isfinite(log_ratio), "a log ratio of two times is finite");
  log_ratios_.push_back(log_ratio);
  if (const GateLook* now = plan_->look_at(log_ratios_.size())) look(*now);
}

void SeriesTest::look(const GateLook& look) {
  const double margin = std::log1p(plan_->rule().margin), target = std::log1p(plan_->rule().target);
  const GateLookResult result{
      .blocks = look.blocks,
      .p_slower = p_beyond(log_ratios_, margin, +1, look.table),
      .p_faster = p_beyond(log_ratios_, margin, -1, look.table),
      .p_not_slower = p_beyond(log_ratios_, -target, -1, look.table),
      .p_not_faster = p_beyond(log_ratios_, -target, +1, look.table),
  };
  const auto judge = [&](Side& side, double p_shown, double p_excluded) {
    if (side != Side::open) return;
    if (p_shown <= look.alpha) {
      side = Side::shown;
    } else if (p_excluded <= look.beta) {
      side = Side::excluded;
    }
  };
  judge(slower_, result.p_slower, result.p_not_slower);
  judge(faster_, result.p_faster, result.p_not_faster);
  results_.push_back(result);
}

bool SeriesTest::decided() const {
  if (slower_ == Side::shown || faster_ == Side::shown) return true;
  if (slower_ == Side::excluded && faster_ == Side::excluded) return true;
  return log_ratios_.size() >= plan_->looks().back().blocks;
}

bool SeriesTest::gate_open() const {
  return !decided() && slower_ == Side::open;
}

SeriesVerdict SeriesTest::verdict() const {
  if (slower_ == Side::shown) return SeriesVerdict::regression;
  if (faster_ == Side::shown) return SeriesVerdict::improvement;
  if (slower_ == Side::excluded) return SeriesVerdict::pass;
  return SeriesVerdict::inconclusive;
}

std::optional<ChangeEstimate> SeriesTest::estimate() const {
  if (results_.empty()) return std::nullopt;
  const GateLook& last = *plan_->look_at(results_.back().blocks);
  const std::vector<double> seen(log_ratios_.begin(),
                                 log_ratios_.begin() + static_cast<std::ptrdiff_t>(last.blocks));
  constexpr double kConfidence = 0.95;
  const double of_gate = 1 - 2 * plan_->rule().alpha / static_cast<double>(plan_->series());
  return ChangeEstimate{
      .change = std::expm1(hodges_lehmann(seen)),
      .blocks = last.blocks,
      .interval =
          change_interval(seen, last.table, plan_->interval_level(last, kConfidence), kConfidence),
      .gate_interval = change_interval(seen, last.table, last.alpha, of_gate),
  };
}

}  // namespace inferbench

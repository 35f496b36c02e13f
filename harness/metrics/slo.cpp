#include "harness/metrics/slo.hpp"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

constexpr const char* kPlace = "--slo";
constexpr const char* kExample = "for example --slo ttft_p99=2s,tpot_p99=50ms";

// What can be limited: latencies from above, speeds from below. Second names are those of other
// tools.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kMetrics = {{
    {"ttft", "ttft"},
    {"tpot", "tpot"},
    {"itl", "itl"},
    {"e2e", "e2e"},
    {"e2el", "e2e"},
    {"latency", "e2e"},
    {"ttft_from_send", "ttft_from_send"},
    {"e2e_from_send", "e2e_from_send"},
    {"queue_engine", "queue_engine"},
    {"queue_client", "queue_client"},
    {"ntpot", "ntpot"},
    {"ttst", "ttst"},
    {"tps_user", "tps_user"},
    {"tps_user_e2e", "tps_user_e2e"},
}};

bool is_speed(std::string_view metric) {
  return metric.starts_with("tps_");
}

// The number at the front of `text`, which moves on; absent when there is none.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

[[noreturn]] void refuse(const std::string& text, const std::string& rule) {
  throw Error(kPlace, "cannot read \"" + text + "\"", rule, kExample);
}

std::string read_metric(const std::string& name, const std::string& text) {
  for (const auto& [known, metric] : kMetrics) {
    if (known == name) return std::string(metric);
  }
  std::vector<std::string> candidates = slo_metrics();
  if (name.empty()) refuse(text, "a limit names its metric and statistic: metric_statistic=limit");
  throw unknown_name(kPlace, "metric", name, candidates, "inferbench list slos");
}

// "p99.9", "median" or "mean", which is no percentile.
std::optional<double> read_statistic(const std::string& statistic, const std::string& text) {
  if (statistic == "mean" || statistic == "avg") return std::nullopt;
  if (statistic == "median") return 50;
  std::string_view rest = statistic;
  if (rest.starts_with('p')) {
    rest.remove_prefix(1);
    const std::optional<double> percentile = take_number(rest);
    if (percentile && rest.empty() && *percentile > 0 && *percentile < 100) return percentile;
  }
  refuse(text, "a statistic is mean, median or pNN with 0 < NN < 100, as in ttft_p99");
}

double read_limit(std::string_view limit, bool speed, const std::string& text) {
  const std::optional<double> value = take_number(limit);
  if (!value || *value <= 0) refuse(text, "a limit is a number above zero with its unit");
  if (speed) {
    if (limit.empty() || limit == "tok/s" || limit == "tokens/s") return *value;
    refuse(text, "a speed is in tokens/s");
  }
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
      {{"ns", 1e-6}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"min", 60e3}}};
  for (const auto& [unit, milliseconds] : kUnits) {
    if (limit == unit) return *value * milliseconds;
  }
  if (limit.empty()) refuse(text, "the unit is missing: ns, us, ms, s or min");
  refuse(text, "\"" + std::string(limit) + "\" is no unit of time: ns, us, ms, s or min");
}

SloConstraint parse_constraint(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) refuse(text, "a limit reads metric_statistic=limit");
  const std::string left = text.substr(0, equals);
  const std::size_t underscore = left.rfind('_');
  const bool bare = std::any_of(kMetrics.begin(), kMetrics.end(),
                                [&](const auto& entry) { return entry.first == left; });
  if (bare || underscore == std::string::npos) {
    read_metric(left, text);
    refuse(text, "say which statistic is limited: " + left + "_p99, " + left + "_mean");
  }
  SloConstraint constraint;
  constraint.metric = read_metric(left.substr(0, underscore), text);
  constraint.percentile = read_statistic(left.substr(underscore + 1), text);
  constraint.at_least = is_speed(constraint.metric);
  constraint.limit =
      read_limit(std::string_view(text).substr(equals + 1), constraint.at_least, text);
  if (constraint.at_least && constraint.percentile.value_or(50) > 50) {
    refuse(text,
           "of a speed the low percentiles are the slow users: p99 would ask for the fastest "
           "of a hundred; write " +
               constraint.metric + "_p1");
  }
  return constraint;
}

std::vector<SloConstraint> parse_constraints(const std::string& text) {
  std::vector<SloConstraint> constraints;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const SloConstraint constraint = parse_constraint(text.substr(begin, end - begin));
    for (const SloConstraint& other : constraints) {
      if (other.statistic() == constraint.statistic())
        refuse(text, other.statistic() + " stands twice");
    }
    constraints.push_back(constraint);
    begin = end + 1;
  }
  return constraints;
}

}  // namespace

std::string SloConstraint::statistic() const {
  if (!percentile) return metric + "_mean";
  std::string number = fixed(*percentile, 3);
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return metric + "_p" + number;
}

std::string SloConstraint::unit() const {
  return at_least ? "tokens/s" : "ms";
}

std::string label(const SloConstraint& constraint) {
  std::string limit = fixed(constraint.limit, 3);
  limit.erase(limit.find_last_not_of('0') + 1);
  if (limit.back() == '.') limit.pop_back();
  return constraint.statistic() + (constraint.at_least ? " >= " : " <= ") + limit + " " +
         constraint.unit();
}

Slo parse_slo(const std::string& text) {
  for (const NamedSlo& named : named_slos()) {
    if (named.name == text)
      return {.name = text, .constraints = parse_constraints(named.constraints)};
  }
  if (text.find('=') == std::string::npos) {
    std::vector<std::string> names;
    for (const NamedSlo& named : named_slos()) names.push_back(named.name);
    throw unknown_name(kPlace, "SLO", text, names, "inferbench list slos");
  }
  return {.name = text, .constraints = parse_constraints(text)};
}

std::vector<std::string> slo_metrics() {
  std::vector<std::string> names;
  for (const auto& entry : kMetrics) {
    if (entry.first == entry.second) names.emplace_back(entry.first);
  }
  return names;
}

}  // namespace inferbench

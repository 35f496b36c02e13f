// Rows that set two configurations or two systems against each other.
#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/claims/measures/steady_inputs.hpp"

namespace inferbench::claims {
namespace {

// The fitting point of most tokens/s/user within the limits.
const SweepPoint* fastest(const std::vector<SweepPoint>& points, const SweepLimits& limits) {
  const SweepPoint* best = nullptr;
  for (const SweepPoint& point : points) {
    if (meets(point, limits) && (best == nullptr || point.tps_user > best->tps_user)) best = &point;
  }
  return best;
}

// The series over `at` of the most tokens/s/GPU that any point gives at that interactivity.
std::vector<double> curve(const std::vector<SweepPoint>& points, const std::vector<double>& at,
                          const SweepLimits& limits) {
  std::vector<double> series;
  series.reserve(at.size());
  for (const double user : at) series.push_back(throughput_at(points, user, limits));
  return series;
}

// "20", "12_5": an interactivity as part of a number's name.
std::string at_name(double tps_user) {
  std::string text = std::floor(tps_user) == tps_user
                         ? std::to_string(static_cast<long long>(tps_user))
                         : significant(tps_user, 3);
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

// Where a rising series of ratios first reaches `level`, by linear interpolation; nullopt: it does
// not.
std::optional<double> crossing(const std::vector<double>& at, const std::vector<double>& ratio,
                               double level) {
  for (std::size_t i = 1; i < ratio.size(); ++i) {
    if (ratio[i - 1] < level && ratio[i] >= level) {
      return at[i - 1] + (at[i] - at[i - 1]) * (level - ratio[i - 1]) / (ratio[i] - ratio[i - 1]);
    }
  }
  return std::nullopt;
}

}  // namespace

// Throughput of configuration "a" over configuration "b" at equal interactivity: at a's fastest
// point, and at the interactivities "at_tps_user".
Numbers throughput_ratio(const JsonObject& inputs, const World& world) {
  const SteadySweep sweep = steady_sweep(inputs, world);
  const SweepLimits limits = sweep_limits(inputs);
  const std::vector<SweepPoint> a = sweep.points({parse_parallel(inputs.text("a"))});
  const std::vector<SweepPoint> b = sweep.points({parse_parallel(inputs.text("b"))});
  const SweepPoint* top = fastest(a, limits);
  Numbers out;
  if (top == nullptr || throughput_at(b, top->tps_user, limits) == 0) {
    out.absent("fastest_tps_user", "no point of a, or none of b as fast, meets the limits");
    out.absent("ratio_at_fastest", "no point of a, or none of b as fast, meets the limits");
  } else {
    out.set("fastest_tps_user", top->tps_user);
    out.set("ratio_at_fastest", top->tps_gpu / throughput_at(b, top->tps_user, limits));
  }
  const std::vector<double> at = numbers(inputs, "at_tps_user");
  const std::vector<double> of_a = curve(a, at, limits), of_b = curve(b, at, limits);
  std::vector<double> ratio;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (of_a[i] > 0 && of_b[i] > 0) ratio.push_back(of_a[i] / of_b[i]);
  }
  if (ratio.size() == at.size()) {
    out.set("ratio", ratio);
  } else {
    out.absent("ratio", "one of the two does not reach every interactivity asked for");
  }
  return out;
}

// What "other" gains in interactivity over "base" when it may lose at most "max_loss" of base's
// throughput: base's fastest point against other's fastest point with enough throughput, both
// within the limits (a TTFT limit, say). Without a limit any chunk may be chosen.
Numbers interactivity_gain(const JsonObject& inputs, const World& world) {
  const SteadySweep sweep = steady_sweep(inputs, world);
  const SweepLimits limits = sweep_limits(inputs);
  const double loss = inputs.number("max_loss");
  const std::vector<SweepPoint> base = sweep.points({parse_parallel(inputs.text("base"))});
  const std::vector<SweepPoint> other = sweep.points({parse_parallel(inputs.text("other"))});
  const SweepPoint* from = fastest(base, limits);
  const SweepPoint* to = nullptr;
  for (const SweepPoint& point : other) {
    if (from == nullptr || !meets(point, limits)) continue;
    if (point.tps_gpu < (1 - loss) * from->tps_gpu) continue;
    if (to == nullptr || point.tps_user > to->tps_user) to = &point;
  }
  Numbers out;
  out.set("base_feasible", from != nullptr ? 1 : 0);
  out.set("other_feasible", fastest(other, limits) != nullptr ? 1 : 0);
  if (to == nullptr) {
    for (const char* name : {"gain", "loss", "base_point", "other_point", "base_tps_user"}) {
      out.absent(name, from == nullptr ? "the base meets the limits nowhere"
                                       : "no point of the other keeps enough throughput");
    }
    return out;
  }
  out.set("gain", to->tps_user / from->tps_user);
  out.set("loss", 1 - to->tps_gpu / from->tps_gpu);
  out.set("base_point", label(*from));
  out.set("other_point", label(*to));
  out.set("base_tps_user", from->tps_user);
  return out;
}

// Two configurations at every chunk size: the largest relative difference of token time and of
// throughput, and the span of the ratio of their TTFTs.
Numbers equal_chunk(const JsonObject& inputs, const World& world) {
  const SteadySweep sweep = steady_sweep(inputs, world);
  const std::vector<SweepPoint> a = sweep.points({parse_parallel(inputs.text("a"))});
  const std::vector<SweepPoint> b = sweep.points({parse_parallel(inputs.text("b"))});
  double user = 0, per_gpu = 0;
  std::vector<double> ttft_ratio;
  for (std::size_t i = 0; i < a.size(); ++i) {
    user = std::max(user, std::abs(b[i].tps_user / a[i].tps_user - 1));
    per_gpu = std::max(per_gpu, std::abs(b[i].tps_gpu / a[i].tps_gpu - 1));
    ttft_ratio.push_back(a[i].ttft / b[i].ttft);
  }
  Numbers out;
  out.set("largest_tps_user_difference", user);
  out.set("largest_tps_gpu_difference", per_gpu);
  out.set("ttft_ratio", ttft_ratio);
  return out;
}

// Two systems, each at the best of all its configurations: tokens/s/GPU at the interactivities
// "at_tps_user", their ratio, and where the ratio crosses "level". The ratio stops where the
// baseline cannot go.
Numbers systems(const JsonObject& inputs, const World& world) {
  const JsonObject candidate_inputs = inputs.object("candidate");
  const JsonObject baseline_inputs = inputs.object("baseline");
  const SteadySweep candidate = steady_sweep(candidate_inputs, world);
  const SteadySweep baseline = steady_sweep(baseline_inputs, world);
  candidate_inputs.refuse_unknown();
  baseline_inputs.refuse_unknown();
  const SweepLimits limits = sweep_limits(inputs);
  const std::vector<SweepPoint> fast = candidate.points(), slow = baseline.points();
  const std::vector<double> at = numbers(inputs, "at_tps_user");
  const std::vector<double> top = curve(fast, at, limits), base = curve(slow, at, limits);
  std::vector<double> ratio, reached;
  Numbers out;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::string id = at_name(at[i]);
    out.set("candidate_at_" + id, top[i]);
    if (base[i] == 0) {
      out.absent("baseline_at_" + id, "the baseline does not reach it");
      out.absent("ratio_at_" + id, "the baseline does not reach it");
      continue;
    }
    out.set("baseline_at_" + id, base[i]);
    out.set("ratio_at_" + id, top[i] / base[i]);
    ratio.push_back(top[i] / base[i]);
    reached.push_back(at[i]);
  }
  out.set("ratio", ratio);
  const SweepPoint* end = fastest(slow, limits);
  if (end == nullptr) {
    out.absent("baseline_max_tps_user", "no point of the baseline meets the limits");
  } else {
    out.set("baseline_max_tps_user", end->tps_user);
  }
  const double level = inputs.number("level");
  if (const auto where = crossing(reached, ratio, level)) {
    out.set("level_crossed_at_tps_user", *where);
  } else {
    out.absent("level_crossed_at_tps_user", "the ratio does not reach the level");
  }
  return out;
}

}  // namespace inferbench::claims

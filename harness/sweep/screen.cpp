#include "harness/sweep/screen.hpp"

#include <algorithm>
#include <map>

#include "harness/base/error.hpp"
#include "harness/base/parallel_for.hpp"
#include "harness/base/text_table.hpp"
#include "harness/sweep/replay_setup.hpp"

namespace inferbench {
namespace {

struct Estimate {
  bool serves = false;
  double load = 0;  // requests/s asked for; 0: as much as there is
  double capacity = 0;
  OperatingPoint point;
};

double tps_user(const OperatingPoint& point) {
  return 1.0 / point.tpot.count();
}

// The rate at which so many users keep their requests open; at most the capacity.
OperatingPoint with_users(const SteadyState& steady, double users, double osl) {
  const OperatingPoint full = steady.capacity();
  const auto open = [&](const OperatingPoint& point) {
    return point.rate * (point.ttft.count() + osl * point.tpot.count());
  };
  if (open(full) <= users) return full;
  double low = 0, high = full.rate;
  OperatingPoint point = full;
  for (int halving = 0; halving < 30 && high - low > 1e-3 * high; ++halving) {
    const double middle = (low + high) / 2;
    const auto at = steady.serving(middle);
    if (!at || open(*at) > users) {
      high = middle;
    } else {
      low = middle, point = *at;
    }
  }
  return point;
}

Estimate estimate(const SweepSystem& system, const ReplaySweep& sweep, const TrafficMeans& traffic,
                  const SweepTask& task) {
  Estimate out;
  const SteadyState steady(system, traffic, task, serving_of(sweep, task).max_batch);
  if (!steady.why_not().empty()) return out;
  out.serves = true;
  out.point = steady.capacity();
  out.capacity = out.point.rate;
  if (sweep.load == LoadKind::users) {
    out.point = with_users(steady, task.load, traffic.osl);
    return out;
  }
  out.load = sweep.load == LoadKind::rate ? task.load : traffic.rate.value_or(0);
  if (out.load > 0) out.point = steady.serving(out.load).value_or(out.point);
  return out;
}

// Whether the mean request is outside a limit that half of all requests or more must keep.
bool misses(const Estimate& own, const SloConstraint& limit, double factor) {
  const bool most =
      limit.at_least ? limit.percentile.value_or(50) <= 50 : limit.percentile.value_or(50) >= 50;
  if (!most) return false;
  if (limit.metric == "ttft") return own.point.ttft.count() * 1e3 > factor * limit.limit;
  if (limit.metric == "tpot") return own.point.tpot.count() * 1e3 > factor * limit.limit;
  if (limit.metric == "tps_user") return tps_user(own.point) * factor < limit.limit;
  return false;
}

// Whether `a` makes a replay of `b` pointless.
bool dominates(const Estimate& a, const Estimate& b, double factor) {
  if (!a.serves || a.capacity < factor * a.load) return false;
  // Where the load does not fix what is delivered, `a` must deliver more, too.
  const bool fixed = b.load > 0 && b.load <= b.capacity;
  if (!fixed && a.point.rate < factor * b.point.rate) return false;
  return tps_user(a.point) >= factor * tps_user(b.point) &&
         a.point.ttft.count() * factor <= b.point.ttft.count();
}

}  // namespace

std::vector<ScreenedTask> screen(const SweepSystem& system, const ReplaySweep& sweep,
                                 const std::vector<SweepTask>& tasks, double margin,
                                 unsigned threads) {
  if (!(margin >= 0)) {
    throw Error("--margin", significant(margin), "expected a share >= 0", "0.25 is 25 %");
  }
  const TrafficMeans traffic = traffic_means(*sweep.workload);
  std::vector<Estimate> estimates(tasks.size());
  parallel_for(tasks.size(), threads,
               [&](std::size_t i) { estimates[i] = estimate(system, sweep, traffic, tasks[i]); });
  std::map<double, double> most;  // capacity by load
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    double& largest = most[tasks[i].load];
    largest = std::max(largest, estimates[i].capacity);
  }
  const double factor = 1 + margin;
  const auto& speculation = sweep.serving.speculation;
  const double drafted =
      speculation ? 1.0 + static_cast<double>(speculation->draft_tokens.count()) : 1.0;
  std::vector<ScreenedTask> screened(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Estimate& own = estimates[i];
    screened[i] = {.task = tasks[i], .verdict = Screened::kept, .point = own.point};
    if (!own.serves) continue;
    if (own.load > factor * drafted * own.capacity &&
        most[tasks[i].load] >= factor * own.capacity) {
      screened[i].verdict = Screened::overloaded;
      continue;
    }
    if (speculation) continue;
    if (sweep.slo && std::any_of(sweep.slo->constraints.begin(), sweep.slo->constraints.end(),
                                 [&](const auto& limit) { return misses(own, limit, factor); })) {
      screened[i].verdict = Screened::misses_slo;
      continue;
    }
    for (std::size_t other = 0; other < tasks.size(); ++other) {
      if (tasks[other].load != tasks[i].load || !dominates(estimates[other], own, factor)) continue;
      screened[i].verdict = Screened::dominated;
      break;
    }
  }
  return screened;
}

std::size_t count(const std::vector<ScreenedTask>& tasks, Screened verdict) {
  return static_cast<std::size_t>(
      std::count_if(tasks.begin(), tasks.end(),
                    [&](const ScreenedTask& task) { return task.verdict == verdict; }));
}

}  // namespace inferbench

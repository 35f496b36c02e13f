#include "harness/sweep/advise.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/plan/enumerate.hpp"
#include "harness/plan/weights_fit.hpp"
#include "harness/sweep/run_sweep.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kMoreReplicas = 4;  // tried beyond what one replica's rate suggests

std::int64_t replicas_for(double rate, double of_one) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(rate / of_one - 1e-9)));
}

class Advisor {
 public:
  Advisor(SweepSystem system, const GpuOffer& offer, const ReplaySweep& traffic, double rate,
          const AdviseOptions& options)
      : system_(std::move(system)), traffic_(traffic), rate_(rate), options_(options) {
    advice_.offer = offer;
    system_.gpu = offer.gpu, system_.precision = offer.precision;
    traffic_.load = LoadKind::rate;
    traffic_.serving.scheduler = options.schedulers.front();
    advice_.scheduler = options.schedulers.front();
    advice_.weights_alone =
        weights_fit_count(model_weights(system_.model, system_.precision), offer.gpu);
    advice_.output_tps = rate * traffic_means(*traffic.workload).osl;
  }

  Advice run() {
    for (std::int64_t size = 1; size <= options_.most_replica_gpus && !stopped(); size *= 2) {
      if (best_gpus_ > 0 && size >= best_gpus_) break;
      try_size(size);
    }
    if (best_gpus_ > 0 && !stopped()) try_policies();
    if (!advice_.serves && advice_.why_not.empty()) {
      advice_.why_not = stopped() ? "interrupted"
                                  : "does not fit on a replica of up to " +
                                        std::to_string(options_.most_replica_gpus) + " GPUs";
    }
    return std::move(advice_);
  }

 private:
  bool stopped() const { return options_.stop && options_.stop(); }

  std::vector<SweepTask> tasks_of(std::int64_t size) const {
    PlanRules rules = default_rules(system_.model, system_.gpu, system_.precision, system_.budget);
    rules.max_dp = 1;
    rules.min_replica_gpus = 1;
    return sweep_tasks(allowed_configs(size, rules, system_.model), options_.chunks);
  }

  // The best replica of so many GPUs, and how many of it serve the traffic.
  void try_size(std::int64_t size) {
    const SloProbe probe(system_, traffic_, options_.margin);
    std::vector<SweepTask> tasks;
    double highest = 0;
    for (const SweepTask& task : tasks_of(size)) {
      if (!probe.why_not(task).empty()) continue;
      tasks.push_back(task);
      highest = std::max(highest, probe.highest_load(task));
    }
    if (tasks.empty()) return;
    // Even at its steady capacity it would need as many GPUs as are known to do.
    if (best_gpus_ > 0 && replicas_for(rate_, highest) * size >= best_gpus_) return;
    const FindMaxResult found = find_max(probe, tasks,
                                         {.lowest = std::min(rate_, highest) / 256,
                                          .highest = rate_,
                                          .resolution = options_.resolution,
                                          .threads = options_.threads,
                                          .stop = options_.stop});
    if (!found.best) {
      note_closest(found);
      return;
    }
    const SweepTask replica = found.tasks[*found.best].task;
    deploy(replica, found.load, traffic_.serving.scheduler);
  }

  // Replays fleets of the replica at the traffic's rate, smallest first.
  void deploy(SweepTask task, double of_one, const std::string& scheduler) {
    ReplaySweep traffic = traffic_;
    traffic.serving.scheduler = scheduler;
    const SloProbe probe(system_, traffic, options_.margin);
    const std::int64_t needed = replicas_for(rate_, of_one);
    const std::int64_t size = task.parallel.replica_gpus();
    // A fleet shares its load better than one replica bears it alone: one less may do.
    for (std::int64_t n = std::max<std::int64_t>(1, needed - 1); n <= needed + kMoreReplicas; ++n) {
      if ((best_gpus_ > 0 && n * size >= best_gpus_) || stopped()) return;
      task.parallel.dp = n;
      task.load = rate_;
      Probe whole = probe.run(task, Stopping::certain, probe.highest_load(task));
      if (!whole.met()) continue;
      best_gpus_ = n * size;
      advice_.serves = true;
      advice_.task = task;
      advice_.scheduler = scheduler;
      advice_.replica_rate = of_one;
      advice_.probe = std::move(whole);
      return;
    }
  }

  void try_policies() {
    SweepTask replica = advice_.task;
    replica.parallel.dp = 1;
    const double first = advice_.replica_rate;
    for (const std::string& name : options_.schedulers) {
      if (name == options_.schedulers.front()) {
        advice_.policies.push_back({.scheduler = name, .rate = first});
        continue;
      }
      PolicyTrial trial{.scheduler = name};
      try {
        ReplaySweep traffic = traffic_;
        traffic.serving.scheduler = name;
        const SloProbe probe(system_, traffic, options_.margin);
        const FindMaxResult found = find_max(probe, {replica},
                                             {.lowest = rate_ / 1024,
                                              .highest = rate_,
                                              .resolution = options_.resolution,
                                              .threads = options_.threads,
                                              .stop = options_.stop});
        trial.rate = found.load;
      } catch (const Error& error) {
        trial.why_not = error.problem();
      }
      advice_.policies.push_back(trial);
      if (trial.rate > first * (1 + options_.resolution)) deploy(replica, trial.rate, name);
    }
  }

  void note_closest(const FindMaxResult& found) {
    if (!found.closest || found.tasks[*found.closest].probes.empty()) return;
    const SearchedTask& task = found.tasks[*found.closest];
    const Probe& last = task.probes.back();
    const double strain = last.strain.value_or(HUGE_VAL);
    if (!advice_.why_not.empty() && strain >= closest_strain_) return;
    closest_strain_ = strain;
    advice_.why_not = last.binds;
    if (std::isfinite(strain)) advice_.why_not += " missed by a factor of " + significant(strain);
    advice_.why_not += "; closest: " + label(task.task.parallel) + ", chunk " +
                       std::to_string(task.task.chunk.count());
  }

  SweepSystem system_;
  ReplaySweep traffic_;
  double rate_;
  const AdviseOptions& options_;
  Advice advice_;
  std::int64_t best_gpus_ = 0;
  double closest_strain_ = HUGE_VAL;
};

}  // namespace

std::optional<double> Advice::cost_per_million() const {
  if (!offer.price_per_hour || !serves) return std::nullopt;
  const double per_second = *offer.price_per_hour * static_cast<double>(gpus()) / 3600;
  return per_second / output_tps * 1e6;
}

double Advice::tokens_per_joule() const {
  return serves ? output_tps / (offer.watts * static_cast<double>(gpus())) : 0;
}

std::vector<Advice> advise(const SweepSystem& base, const std::vector<GpuOffer>& offers,
                           const ReplaySweep& traffic, const AdviseOptions& options) {
  ensure(!options.schedulers.empty() && !options.chunks.empty(), "there is something to try");
  const auto rate = traffic.offer.rate ? traffic.offer.rate : traffic_means(*traffic.workload).rate;
  if (!rate) {
    throw Error("--traffic", "all requests arrive at once", "advice needs requests per second",
                "add --rate, or use a workload with arrivals: poisson:rate=2,isl=...,osl=...");
  }
  std::vector<Advice> all;
  for (const GpuOffer& offer : offers) {
    if (options.stop && options.stop()) break;
    all.push_back(Advisor(base, offer, traffic, *rate, options).run());
  }
  return all;
}

}  // namespace inferbench

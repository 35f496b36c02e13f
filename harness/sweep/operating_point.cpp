#include "harness/sweep/operating_point.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "workloads/ideal_prefix.hpp"

namespace inferbench {
namespace {

Tokens whole(double tokens) {
  return Tokens(std::max<std::int64_t>(1, std::llround(tokens)));
}

}  // namespace

TrafficMeans traffic_means(const Workload& workload) {
  TrafficMeans means;
  if (workload.requests.empty()) return means;
  IdealPrefixCache cache(workload.block_tokens);
  double input = 0, output = 0, held = 0;
  for (const Request& request : workload.requests) {
    const double isl = real(request.input.count()), osl = real(request.output.count());
    const bool blocks = workload.block_tokens > Tokens(0) && !request.prefix_blocks.empty();
    const double cached = blocks ? real(cache.add(request).count()) : 0.0;
    input += std::max(1.0, isl - cached);
    output += osl;
    held += (isl + osl / 2) * osl;
  }
  const double n = real(static_cast<std::int64_t>(workload.requests.size()));
  means.isl = input / n, means.osl = output / n, means.kv_tokens = held / output;
  const Duration span = workload.requests.back().arrival - workload.requests.front().arrival;
  if (span > Duration(0)) means.rate = (n - 1) / seconds(span).count();
  return means;
}

SteadyState::SteadyState(const SweepSystem& system, const TrafficMeans& traffic,
                         const SweepTask& task, std::int64_t max_batch)
    : system_(system), traffic_(traffic), task_(task) {
  if (!(traffic.isl > 0 && traffic.osl > 0)) {
    throw Error("--workload", "its requests have no tokens", "expected ISL and OSL of at least 1");
  }
  if (const auto why = cannot_work(system.model, task.parallel)) {
    why_not_ = "degrees: " + *why;
    return;
  }
  MemoryBudget budget = system.budget;
  budget.activation_tokens = task.chunk;
  const auto placed = place(system.model, system.gpu, task.parallel, system.precision, budget);
  if (const auto* no = std::get_if<DoesNotFit>(&placed)) {
    why_not_ = "weights: " + no->reason;
    return;
  }
  const double stages = real(task.parallel.pp);
  const double kv = real(std::get<Deployment>(placed).kv_capacity.count());
  const double of_kv = kv / (stages * traffic.kv_tokens);
  const double of_batch = real(std::min(max_batch, task.chunk.count() * task.parallel.pp)) / stages;
  const double decodes = std::min(of_kv, of_batch);
  const double step = decodes * (traffic.isl + traffic.osl) / traffic.osl;
  full_ = std::min(real(task.chunk.count()), step);
}

OperatingPoint SteadyState::at(double step_tokens) const {
  const double answers = traffic_.osl / (traffic_.isl + traffic_.osl);
  OperatingPoint point;
  point.decodes = step_tokens * answers;
  point.prompt = step_tokens - point.decodes;
  const Traffic traffic{.isl = whole(traffic_.isl), .osl = whole(traffic_.osl)};
  const SteadyMethod method(system_, traffic, point.decodes);
  const SweepPoint steady =
      method.evaluate({.parallel = task_.parallel, .chunk = whole(std::floor(point.prompt))});
  point.stage = steady.stage;
  point.tpot = steady.tpot;
  const double ranks = real(task_.parallel.ep * task_.parallel.dp);
  point.rate = point.decodes * ranks / (steady.stage.count() * traffic_.osl);
  // A new prompt gets what decodes leave of a step's budget.
  const double room = std::max(1.0, real(task_.chunk.count()) - point.decodes);
  point.ttft = steady.stage * (std::ceil(traffic_.isl / room) + real(task_.parallel.pp) - 1.0);
  return point;
}

// More tokens a step serve more requests per second, because what a step costs besides is shared.
std::optional<OperatingPoint> SteadyState::serving(double rate) const {
  if (at(full_).rate < rate) return std::nullopt;
  double low = 0, high = full_;
  for (int halving = 0; halving < 30 && high - low > 1e-3 * high; ++halving) {
    const double middle = (low + high) / 2;
    (at(middle).rate < rate ? low : high) = middle;
  }
  return at(high);
}

}  // namespace inferbench

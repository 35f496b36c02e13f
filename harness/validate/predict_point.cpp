#include "harness/validate/predict_point.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/deployed_system.hpp"
#include "harness/replay/record_sinks.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

std::variant<Deployment, DoesNotFit> deployment_of(const ServingPoint& point,
                                                   const EngineSetup& engine) {
  ModelSpec model = find_model(point.model);
  // Data of Llama 3.1 name a model whose catalog entry has the shorter context of Llama 3.
  model.context = std::max(model.context, (point.isl + point.osl).count() + 1);
  MemoryBudget budget;
  budget.usable_fraction = engine.memory_fraction;
  budget.runtime_reserve = engine.runtime_reserve;
  budget.activation_tokens = engine.step_tokens;
  return place(model, find_gpu(point.gpu), point.parallel, parse_precision(point.precision),
               budget);
}

// Requests that NVIDIA's perf-overview.md prepares for trtllm-bench, by ISL and OSL.
std::int64_t published_requests(const ServingPoint& point) {
  const std::int64_t total = (point.isl + point.osl).count();
  if (total <= 256) return 30'000;
  return total > 20'000 ? 1'000 : total >= 4'000 ? 1'500 : 3'000;
}

std::string workload_of(const ServingPoint& point, std::int64_t requests) {
  const auto length = [&](Tokens tokens) {
    if (point.shortest >= 1) return std::to_string(tokens.count());
    const auto least = std::llround(point.shortest * real(tokens.count()));
    return "uniform(" + std::to_string(least) + "," + std::to_string(tokens.count()) + ")";
  };
  return "at-once:isl=" + length(point.isl) + ",osl=" + length(point.osl) +
         ",requests=" + std::to_string(requests);
}

double milliseconds(Duration duration) {
  return seconds(duration).count() * 1e3;
}

// Means over the completed requests.
struct Means {
  double ttft_ms = 0, tpot_ms = 0;
  std::int64_t completed = 0, answers = 0, tokens = 0;  // answers: of two tokens or more
  Time begin = kNever, end{};
};

Means means_of(const std::vector<RequestRecord>& records) {
  Means m;
  for (const RequestRecord& r : records) {
    if (r.outcome != Outcome::completed) continue;
    ++m.completed;
    m.tokens += r.output.count();
    m.ttft_ms += milliseconds(r.token_times.front() - r.scheduled);
    m.begin = std::min(m.begin, r.scheduled), m.end = std::max(m.end, r.ended);
    if (r.output.count() < 2) continue;
    ++m.answers;
    m.tpot_ms +=
        milliseconds(r.token_times.back() - r.token_times.front()) / real(r.output.count() - 1);
  }
  if (m.completed > 0) m.ttft_ms /= real(m.completed);
  if (m.answers > 0) m.tpot_ms /= real(m.answers);
  return m;
}

std::vector<RequestRecord> replay(const ServingPoint& point, const Deployment& deployment,
                                  const CostProfile& profile, const EngineSetup& engine,
                                  const ReplayOfPoint& how) {
  ServingOptions serving;
  serving.scheduler = engine.scheduler;
  serving.step_tokens = engine.step_tokens;
  serving.max_batch = engine.max_batch;
  WorkloadOptions offer;
  offer.seed = how.seed;
  std::int64_t requests = point.requests;
  if (point.offer == Offer::closed_loop) {
    offer.concurrency = point.users;
    offer.think_time = {.mean = how.turnaround, .exponential = how.turnaround > Duration(0)};
    requests = point.users * how.waves;
  } else if (requests == 0) {
    requests = published_requests(point);
  } else {
    serving.step_tokens = Tokens(std::max(requests * point.isl.count(), requests));  // one batch
  }
  DeployedSystem system(deployment, profile, serving);
  const auto source = open_source(workload_of(point, requests), offer);
  RecordList records;
  system.serve(*source, records);
  return records.records();
}

}  // namespace

ServingPrediction predict(const ServingPoint& point, const CostProfile& profile,
                          const ReplayOfPoint& how) {
  const EngineSetup engine = profile.engine.value_or(EngineSetup{});
  ServingPrediction out;
  const auto placed = deployment_of(point, engine);
  if (const auto* no = std::get_if<DoesNotFit>(&placed)) {
    out.why_not = "does not fit: " + no->reason;
    return out;
  }
  const Deployment& deployment = std::get<Deployment>(placed);
  out.kv_capacity = deployment.kv_capacity;
  const Means means = means_of(replay(point, deployment, profile, engine, how));
  if (means.answers == 0) {
    out.why_not = "no request fits the KV cache of " +
                  std::to_string(deployment.kv_capacity.count()) + " tokens";
    return out;
  }
  out.ttft_ms = means.ttft_ms, out.tpot_ms = means.tpot_ms;
  if (point.offer == Offer::closed_loop) {
    // As the measured figure is derived: from the means, without ramp and tail.
    const double answer_ms = means.ttft_ms + real(point.osl.count() - 1) * means.tpot_ms;
    out.tokens_s_gpu =
        1e3 * real(point.users * point.osl.count()) / answer_ms / real(deployment.gpus());
    out.saturated = is_saturated(means.ttft_ms, means.tpot_ms, point.osl);
  } else {
    out.tokens_s_gpu =
        real(means.tokens) / seconds(means.end - means.begin).count() / real(deployment.gpus());
  }
  return out;
}

}  // namespace inferbench

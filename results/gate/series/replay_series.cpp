#include <memory>
#include <variant>

#include "harness/catalog/catalog.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/execute/fixed_cost_executor.hpp"
#include "harness/execute/modelled_executor.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/schedule/registry.hpp"
#include "results/gate/series/burst.hpp"
#include "results/gate/series/gate_series.hpp"

namespace inferbench {
namespace {

struct ReplayShape {
  std::int64_t requests = 32;
  Tokens input{128}, output{24};
  Duration gap{20'000'000};
};

struct Replayed {
  std::vector<RequestRecord> records;
  ReplicaStats stats;
  Duration modelled{};  // when the last request ended
};

Replayed replay_once(Executor& executor, const ReplayShape& shape) {
  SchedulerOptions limits;
  limits.max_batch = 16;
  limits.kv_blocks = 4096;
  const auto scheduler = make_scheduler("in_flight", limits);
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock);
  EvenRequests source(shape.requests, shape.input, shape.output, shape.gap);
  RecordList list;
  engine.serve(source, list);
  return {list.take_by_id(), engine.stats(), clock.now() - Time{}};
}

// What every run of the same workload must deliver, and what it took in modelled time.
OpenedSeries opened_replay(const Replayed& replayed) {
  double tokens = 0;
  for (const RequestRecord& record : replayed.records) {
    tokens += static_cast<double>(record.token_times.size());
  }
  OpenedSeries opened;
  opened.answer = {.sum = tokens, .magnitude = tokens};
  opened.exact = {{"modelled_ns", replayed.modelled.count()},
                  {"steps", static_cast<std::int64_t>(replayed.stats.steps)},
                  {"preemptions", static_cast<std::int64_t>(replayed.stats.preemptions)}};
  return opened;
}

GateSeries replay_of(const std::string& name, ReplayShape shape,
                     std::shared_ptr<Executor> (*make_executor)()) {
  return {"replay/" + name, [=](bool) {
            const std::shared_ptr<Executor> executor = make_executor();
            ReadySeries ready;
            ready.opened = opened_replay(replay_once(*executor, shape));
            ready.run = [executor, shape] { replay_once(*executor, shape); };
            return ready;
          }};
}

std::shared_ptr<Executor> fixed_cost() {
  return std::make_shared<FixedCostExecutor>(Duration(10'000'000));
}

std::shared_ptr<Executor> llama_on_h100() {
  auto placed = place(find_model("llama-3-8b"), find_gpu("h100"), parse_parallel("tp1"),
                      parse_precision("fp8"));
  return std::make_shared<ModelledExecutor>(
      StepCostModel(std::get<Deployment>(std::move(placed)), find_cost_profile("default")));
}

GateSeries summary_series() {
  return {"replay/summarize", [](bool) {
            const auto executor = fixed_cost();
            const auto replayed =
                std::make_shared<const Replayed>(replay_once(*executor, ReplayShape{}));
            ReadySeries ready;
            ready.opened = opened_replay(*replayed);
            ready.opened.exact.clear();
            ready.run = [replayed] { static_cast<void>(summarize(replayed->records)); };
            return ready;
          }};
}

}  // namespace

std::vector<GateSeries> replay_series() {
  return {replay_of("fixed_cost", {}, fixed_cost),
          replay_of("llama-3-8b", {.requests = 12, .output = Tokens(12)}, llama_on_h100),
          summary_series()};
}

}  // namespace inferbench

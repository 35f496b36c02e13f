// How fast the replay itself is: scheduler iterations per second of CPU time with 64 running
// decodes, by a fixed-cost executor (the harness alone) and by the cost model; requests per second
// through the whole loop and through a null system; and the summary of their records.

#include <benchmark/benchmark.h>

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
#include "harness/selftest/simple_systems.hpp"

namespace inferbench {
namespace {

constexpr Tokens kHashTokens{16};  // a hash per KV block

// All requests at once, or at even gaps; as many as `users` run, the others wait their turn. The
// first 64 tokens of all prompts are alike, as a system prompt is; hashes say so.
class Burst final : public RequestSource {
 public:
  Burst(std::int64_t requests, Tokens input, Tokens output, Duration gap = {})
      : requests_(requests), input_(input), output_(output), gap_(gap) {}
  Time next_arrival() const override { return next_ < requests_ ? Time(gap_ * next_) : kNever; }
  Request pop() override {
    Request request;
    request.arrival = next_arrival();
    request.id = RequestId(static_cast<std::uint64_t>(next_++));
    request.input = input_;
    request.output = request.max_output = output_;
    const auto blocks = static_cast<std::uint64_t>(input_.count() / kHashTokens.count());
    for (std::uint64_t k = 0; k < blocks; ++k) {
      request.prefix_blocks.push_back(k < 4 ? k : (request.id.value + 1ULL) << 20 | k);
    }
    return request;
  }

 private:
  std::int64_t requests_, next_ = 0;
  Tokens input_, output_;
  Duration gap_;
};

class Discard final : public RecordSink {
 public:
  void accept(RequestRecord record) override {
    benchmark::DoNotOptimize(record.token_times.size());
  }
};

SchedulerOptions options(std::int64_t running) {
  SchedulerOptions limits;
  limits.max_batch = running;
  limits.kv_blocks = 1'000'000;
  limits.kv.prefix_cache = true;
  limits.kv.hash_tokens = kHashTokens;
  return limits;
}

// Steps one by one, as when a run of them cannot be foretold.
class StepByStep final : public Executor {
 public:
  explicit StepByStep(Executor& executor) : executor_(executor) {}
  StepResult run(const BatchPlan& plan) override { return executor_.run(plan); }

 private:
  Executor& executor_;
};

// 16 rounds of `running` requests with answers of 1,000 tokens.
std::uint64_t replay(Executor& executor, std::int64_t running) {
  const auto scheduler = make_scheduler("in_flight", options(running));
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock);
  Burst source(16 * running, Tokens(128), Tokens(1000));
  Discard sink;
  engine.serve(source, sink);
  return engine.stats().steps;
}

void count_steps(benchmark::State& state, Executor& whole) {
  StepByStep executor(whole);
  double steps = 0;
  for (auto _ : state) steps += static_cast<double>(replay(executor, state.range(0)));
  state.counters["steps_per_cpu_s"] = benchmark::Counter(steps, benchmark::Counter::kIsRate);
}

void replay_fixed_cost(benchmark::State& state) {
  FixedCostExecutor executor(Duration(10'000'000));
  count_steps(state, executor);
}
BENCHMARK(replay_fixed_cost)->Arg(1)->Arg(64)->Arg(256);

Deployment llama_on_four_h100() {
  const ModelSpec model = find_model("llama-3-70b");
  const HardwareSpec gpu = find_gpu("h100");
  auto placed = place(model, gpu, parse_parallel("tp4"), parse_precision("fp8"));
  return std::get<Deployment>(std::move(placed));
}

void replay_cost_model(benchmark::State& state) {
  ModelledExecutor executor(StepCostModel(llama_on_four_h100(), find_cost_profile("default")));
  count_steps(state, executor);
}
BENCHMARK(replay_cost_model)->Arg(1)->Arg(64)->Arg(256);

// Requests of 1,024 tokens in and out on one deployment, strides where the batch stays the same.
// Argument: nanoseconds between two arrivals, 0 for all at once. Records are kept.
void replay_1k_1k(benchmark::State& state) {
  constexpr std::int64_t kRequests = 10'000;
  ModelledExecutor executor(StepCostModel(llama_on_four_h100(), find_cost_profile("default")));
  double steps = 0;
  for (auto _ : state) {
    const auto scheduler = make_scheduler("in_flight", options(256));
    SimulatedClock clock;
    Engine engine(*scheduler, executor, clock);
    Burst source(kRequests, Tokens(1024), Tokens(1024), Duration(state.range(0)));
    RecordList records;
    engine.serve(source, records);
    steps += static_cast<double>(engine.stats().steps);
    benchmark::DoNotOptimize(records.records().data());
  }
  state.counters["steps"] = steps / static_cast<double>(state.iterations());
}
BENCHMARK(replay_1k_1k)->Arg(0)->Arg(100'000'000)->Arg(200'000'000)->Unit(benchmark::kMillisecond);

// Short requests: arrival, admission, one chunk, seven decodes, record.
void replay_requests(benchmark::State& state) {
  constexpr std::int64_t kRequests = 20'000;
  FixedCostExecutor executor(Duration(1'000'000));
  for (auto _ : state) {
    const auto scheduler = make_scheduler("in_flight", options(64));
    SimulatedClock clock;
    Engine engine(*scheduler, executor, clock);
    Burst source(kRequests, Tokens(16), Tokens(8));
    Discard sink;
    engine.serve(source, sink);
  }
  state.counters["requests_per_cpu_s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * kRequests), benchmark::Counter::kIsRate);
}
BENCHMARK(replay_requests);

// The harness's ceiling: source, a system that costs nothing, record, sink.
void replay_null_system(benchmark::State& state) {
  constexpr std::int64_t kRequests = 200'000;
  NullSystem system;
  for (auto _ : state) {
    Burst source(kRequests, Tokens(16), Tokens(1));
    Discard sink;
    system.serve(source, sink);
  }
  state.counters["requests_per_cpu_s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * kRequests), benchmark::Counter::kIsRate);
}
BENCHMARK(replay_null_system);

void summarize_records(benchmark::State& state) {
  FixedCostExecutor executor(Duration(10'000'000));
  const auto scheduler = make_scheduler("in_flight", options(64));
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock);
  Burst source(2'000, Tokens(128), Tokens(200));
  RecordList list;
  engine.serve(source, list);
  const auto records = list.take_by_id();
  for (auto _ : state) benchmark::DoNotOptimize(summarize(records));
  state.counters["tokens_per_cpu_s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 2'000 * 200, benchmark::Counter::kIsRate);
}
BENCHMARK(summarize_records);

}  // namespace
}  // namespace inferbench

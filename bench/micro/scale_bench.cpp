// How the cost of a modelled replay grows: CPU time per million requests against the number of
// requests, the length of answers, the running batch and the number of replicas, one at a time.
// docs/replay.md has the table.

#include <benchmark/benchmark.h>

#include <memory>
#include <variant>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/execute/modelled_executor.hpp"
#include "harness/replay/fleet.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

// Exponential gaps, as many per replica as it can serve; fixed lengths.
class Poisson final : public RequestSource {
 public:
  Poisson(std::int64_t requests, Tokens input, Tokens output, Duration gap)
      : requests_(requests), input_(input), output_(output), gap_(gap), random_(1, "scale") {}
  Time next_arrival() const override { return popped_ < requests_ ? next_ : kNever; }
  Request pop() override {
    Request request;
    request.id = RequestId(static_cast<std::uint64_t>(popped_++));
    request.arrival = next_;
    request.input = input_;
    request.output = request.max_output = output_;
    next_ += Duration(
        static_cast<Duration::rep>(random_.exponential(static_cast<double>(gap_.count()))));
    return request;
  }

 private:
  std::int64_t requests_, popped_ = 0;
  Tokens input_, output_;
  Duration gap_;
  RandomStream random_;
  Time next_{};
};

class Discard final : public RecordSink {
 public:
  void accept(RequestRecord record) override { benchmark::DoNotOptimize(record.ended); }
};

struct Scale {
  std::int64_t requests = 2000, output = 256, batch = 64, replicas = 1;
};

const Deployment& llama_on_four_h100() {
  static const Deployment deployment = [] {
    const ModelSpec model = find_model("llama-3-70b");
    const HardwareSpec gpu = find_gpu("h100");
    auto placed = place(model, gpu, parse_parallel("tp4"), parse_precision("fp8"));
    return std::get<Deployment>(std::move(placed));
  }();
  return deployment;
}

void serve(const Scale& scale, Executor& executor) {
  SchedulerOptions limits;
  limits.max_batch = scale.batch;
  limits.kv_blocks = 1'000'000;
  std::vector<std::unique_ptr<Scheduler>> schedulers;
  std::vector<FleetMember> members;
  for (std::int64_t r = 0; r < scale.replicas; ++r) {
    schedulers.push_back(make_scheduler("in_flight", limits));
    members.push_back({.scheduler = schedulers.back().get(), .executor = &executor});
  }
  const auto router = make_router("least_loaded");
  SimulatedClock clock;
  Fleet fleet(members, *router, clock);
  // A batch of 64 has room for about one request of 256 tokens in 80 ms.
  const Duration gap = Duration(80'000'000) * scale.output / 256 * 64 / scale.batch;
  Poisson source(scale.requests, Tokens(256), Tokens(scale.output), gap / scale.replicas);
  Discard sink;
  fleet.serve(source, sink);
}

void count(benchmark::State& state, const Scale& scale) {
  ModelledExecutor executor(StepCostModel(llama_on_four_h100(), find_cost_profile("default")));
  for (auto _ : state) serve(scale, executor);
  state.counters["cpu_per_million_requests"] =
      benchmark::Counter(static_cast<double>(state.iterations() * scale.requests) / 1e6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void scale_requests(benchmark::State& state) {
  count(state, {.requests = state.range(0)});
}
void scale_answer_tokens(benchmark::State& state) {
  count(state, {.output = state.range(0)});
}
void scale_batch(benchmark::State& state) {
  count(state, {.batch = state.range(0)});
}
void scale_replicas(benchmark::State& state) {
  count(state, {.requests = 200 * state.range(0), .replicas = state.range(0)});
}
BENCHMARK(scale_requests)
    ->RangeMultiplier(10)
    ->Range(1'000, 100'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(scale_answer_tokens)->RangeMultiplier(4)->Range(64, 4096)->Unit(benchmark::kMillisecond);
BENCHMARK(scale_batch)->RangeMultiplier(4)->Range(4, 1024)->Unit(benchmark::kMillisecond);
BENCHMARK(scale_replicas)->RangeMultiplier(8)->Range(1, 512)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace inferbench

// What a fleet costs: 1,000,000 requests with short answers through 1 to 512 replicas, records
// summarised on the fly. Prints seconds of CPU time, CPU time per request and the most memory held
// meanwhile. The load per replica is the same, so that the cost per request shows what the size of
// the fleet adds.

#include <benchmark/benchmark.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <array>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>

#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/execute/fixed_cost_executor.hpp"
#include "harness/execute/modelled_executor.hpp"
#include "harness/replay/fleet.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kRequests = 1'000'000;
constexpr std::int64_t kAnswer = 8;

// Poisson arrivals of prompts of 64 tokens in conversations of four turns, each of two prefix
// blocks of its own.
class Arrivals final : public RequestSource {
 public:
  explicit Arrivals(double per_second) : gap_ns_(1e9 / per_second), random_(1, "arrivals") {}
  Time next_arrival() const override { return next_ < kRequests ? at_ : kNever; }
  Request pop() override {
    Request request;
    const auto id = static_cast<std::uint64_t>(next_++);
    request.id = RequestId(id);
    request.session = SessionId(id / 4);
    request.arrival = at_;
    request.input = Tokens(64);
    request.output = request.max_output = Tokens(kAnswer);
    request.prefix_blocks = {2 * (id / 4), 2 * (id / 4) + 1};
    at_ += Duration(static_cast<Duration::rep>(random_.exponential(gap_ns_)));
    return request;
  }

 private:
  double gap_ns_;
  RandomStream random_;
  std::int64_t next_ = 0;
  Time at_{};
};

class Sums final : public RecordSink {
 public:
  void accept(RequestRecord record) override {
    ++by_outcome_[static_cast<std::size_t>(record.outcome)];
    if (!record.token_times.empty()) ttft_ += record.token_times.front() - record.scheduled;
  }
  std::uint64_t completed() const {
    return by_outcome_[static_cast<std::size_t>(Outcome::completed)];
  }
  double mean_ttft_ms() const {
    return static_cast<double>(ttft_.count()) * 1e-6 / static_cast<double>(completed());
  }

 private:
  std::array<std::uint64_t, 5> by_outcome_{};
  Duration ttft_{};
};

void forget_peak_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  std::ofstream("/proc/self/clear_refs") << "5";
}

// VmHWM, which forget_peak_memory resets; ru_maxrss where there is no /proc.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1e3;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

void serve(benchmark::State& state, const std::string& routing, Executor& executor,
           double requests_per_replica_s, FleetOptions options = {}) {
  const auto replicas = static_cast<std::size_t>(state.range(0));
  forget_peak_memory();
  Sums sums;
  const std::clock_t before = std::clock();
  for (auto _ : state) {
    SchedulerOptions limits;
    limits.max_batch = 64;
    limits.kv_blocks = 4'096;
    std::vector<std::unique_ptr<Scheduler>> schedulers;
    std::vector<FleetMember> members;
    for (std::size_t i = 0; i < replicas; ++i) {
      schedulers.push_back(make_scheduler("in_flight", limits));
      members.push_back({.scheduler = schedulers.back().get(), .executor = &executor});
    }
    const auto router = make_router(routing);
    SimulatedClock clock;
    Fleet fleet(members, *router, clock, options);
    Arrivals source(requests_per_replica_s * static_cast<double>(replicas));
    fleet.serve(source, sums);
  }
  const double cpu_s = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  state.counters["cpu_us_per_request"] = cpu_s * 1e6 / static_cast<double>(kRequests);
  state.counters["peak_mb"] = peak_mb();
  state.counters["completed"] = static_cast<double>(sums.completed());
  state.counters["mean_ttft_ms"] = sums.mean_ttft_ms();
}

void routed(benchmark::State& state, const std::string& routing) {
  FixedCostExecutor executor(Duration(10'000'000));
  serve(state, routing, executor, 400);
}

#define FLEET_BENCH(name) \
  BENCHMARK_CAPTURE(routed, name, #name)->Iterations(1)->Unit(benchmark::kSecond)
FLEET_BENCH(least_loaded)->Arg(1)->Arg(8)->Arg(64)->Arg(512);
FLEET_BENCH(round_robin)->Arg(64)->Arg(512);
FLEET_BENCH(power_of_two)->Arg(64)->Arg(512);
FLEET_BENCH(prefix_aware)->Arg(64)->Arg(512);
FLEET_BENCH(session_sticky)->Arg(64)->Arg(512);
#undef FLEET_BENCH

// Clients that would give up after a minute, and ask again: a timer for every request.
void with_timeouts(benchmark::State& state) {
  FixedCostExecutor executor(Duration(10'000'000));
  FleetOptions options;
  options.clients.ttft_timeout = options.clients.total_timeout = std::chrono::minutes(1);
  options.clients.retries = 1;
  serve(state, "least_loaded", executor, 400, options);
}
BENCHMARK(with_timeouts)->Iterations(1)->Unit(benchmark::kSecond)->Arg(64);

void cost_model(benchmark::State& state) {
  const ModelSpec model = find_model("llama-3-8b");
  const HardwareSpec gpu = find_gpu("h100");
  auto placed = place(model, gpu, parse_parallel("tp1"), parse_precision("fp8"));
  ModelledExecutor executor(
      StepCostModel(std::get<Deployment>(std::move(placed)), find_cost_profile("default")));
  serve(state, "least_loaded", executor, 200);
}
BENCHMARK(cost_model)->Iterations(1)->Unit(benchmark::kSecond)->Arg(64);

}  // namespace
}  // namespace inferbench

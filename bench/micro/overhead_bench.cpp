// What the harness itself costs per step of a computed run, with 64 running decodes: scheduling,
// block tables, the batch's assembly, sampling, records. The model computes nothing, so all of the
// run's CPU time is the harness's; CPU time, because a busy machine adds to any other.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/execute/cpu/cpu_executor.hpp"
#include "harness/replay/decomposition.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/schedule/registry.hpp"
#include "harness/timeline/replay_timeline.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kBatch = 64;
constexpr int kRounds = 9;

// All requests at once; as many as run, the others wait their turn.
class Burst final : public RequestSource {
 public:
  explicit Burst(std::int64_t requests) : requests_(requests) {}
  Time next_arrival() const override { return next_ < requests_ ? Time{} : kNever; }
  Request pop() override {
    Request request;
    request.id = RequestId(static_cast<std::uint64_t>(next_++));
    request.input = Tokens(16);
    request.output = request.max_output = Tokens(100);
    return request;
  }

 private:
  std::int64_t requests_, next_ = 0;
};

// Wants token 0 everywhere, at once; says of 22 layers that their kernels took no time.
class NullModel final : public StepModel {
 public:
  void forward(const TokenBatch& /*batch*/, std::span<float> logits) override {
    std::fill(logits.begin(), logits.end(), 0.0F);
    for (std::int32_t i = 0; spans_ != nullptr && i < 22 * 10; ++i) {
      const Duration now = CpuExecutor::steady_now();
      spans_->push_back({.name = "kernel", .layer = i / 10, .rank = 0, .begin = now, .end = now});
    }
  }
  std::int64_t vocab() const override { return 256; }
  std::int64_t kv_blocks() const override { return kBatch * 8; }
  KernelTimes times() const override { return {}; }
  void trace(KernelSpans* spans) override { spans_ = spans; }

 private:
  KernelSpans* spans_ = nullptr;
};

struct Overhead {
  double cpu_us = 0;  // per step
  double batch = 0;   // requests per step
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Overhead measure(StepObserver* observer, RecordSink& sink) {
  NullModel model;
  SchedulerOptions limits;
  limits.max_batch = kBatch;
  limits.kv_blocks = model.kv_blocks();
  limits.block_tokens = Tokens(16);
  const auto scheduler = make_scheduler("in_flight", limits);
  ThreadTeam team(1);
  CpuExecutor executor(model, *scheduler, team, PromptTexts(1, model.vocab(), Tokens(0)),
                       {.sampling = sampling_of({}), .count_between = true});
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock, {.observer = observer});
  Burst source(16 * kBatch);
  const double begin = cpu_seconds();
  engine.serve(source, sink);
  const double spent = cpu_seconds() - begin;
  const ReplicaStats stats = engine.stats();
  const auto steps = static_cast<double>(stats.steps);
  return {.cpu_us = spent * 1e6 / steps, .batch = static_cast<double>(stats.items) / steps};
}

Overhead with_decomposition() {
  Decomposition decomposition;
  RecordList records;
  return measure(&decomposition, records);
}

Overhead with_timeline() {
  const std::string path = std::filesystem::temp_directory_path() / "inferbench_overhead.json";
  Overhead overhead;
  {
    ReplayTimeline timeline(path, 1'000'000);
    overhead = measure(&timeline, timeline);
  }  // not committed: nothing stays
  return overhead;
}

Overhead alone() {
  RecordList records;
  return measure(nullptr, records);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_overheads() {
  struct Subject {
    const char* name;
    std::function<Overhead()> run;
    std::vector<double> cpu_us{};
    double batch = 0;
  };
  std::vector<Subject> subjects = {
      {"nobody", alone}, {"--decompose", with_decomposition}, {"--timeline", with_timeline}};
  for (int round = 0; round < kRounds; ++round) {
    for (Subject& subject : subjects) {
      const Overhead overhead = subject.run();
      subject.cpu_us.push_back(overhead.cpu_us);
      subject.batch = overhead.batch;
    }
  }
  std::printf("%-12s %10s %14s %14s %16s\n", "looking on", "requests", "CPU, us/step",
              "least, us/step", "% of 5 ms step");
  for (const Subject& subject : subjects) {
    const double typical = median(subject.cpu_us);
    std::printf("%-12s %10.1f %14.2f %14.2f %16.3f\n", subject.name, subject.batch, typical,
                *std::min_element(subject.cpu_us.begin(), subject.cpu_us.end()),
                100 * typical / 5000);
  }
}

}  // namespace
}  // namespace inferbench

int main() {
  inferbench::print_overheads();
}

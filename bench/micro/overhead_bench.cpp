// What the harness itself costs per step of a computed run: everything but kernels, with 64 running
// decodes, as seen on the simulated clock, where time between two steps counts. A tiny model, so
// that the harness is a large part of the run; how large is no matter of the model.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/catalog/catalog.hpp"
#include "harness/measured/cpu_system.hpp"
#include "harness/replay/decomposition.hpp"
#include "harness/replay/record_sinks.hpp"
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

struct Overhead {
  double host_us = 0;  // per step
  double batch = 0;    // requests per step
};

Overhead measure(StepObserver* observer, RecordSink& sink) {
  CpuOptions options;
  options.threads = 1;
  options.kv_tokens = kBatch * 128;
  ServingOptions serving;
  serving.max_batch = kBatch;
  serving.observer = observer;
  CpuSystem system(cpu_setup(find_model("tiny-dense-test"), options, serving, 1), Tokens(0));
  Burst source(4 * kBatch);
  system.serve(source, sink);
  const ReplicaStats stats = system.stats();
  const auto steps = static_cast<double>(stats.steps);
  return {.host_us = seconds(stats.parts.host).count() * 1e6 / steps,
          .batch = static_cast<double>(stats.items) / steps};
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
    std::vector<double> host_us{};
    double batch = 0;
  };
  std::vector<Subject> subjects = {
      {"nobody", alone}, {"--decompose", with_decomposition}, {"--timeline", with_timeline}};
  for (int round = 0; round < kRounds; ++round) {
    for (Subject& subject : subjects) {
      const Overhead overhead = subject.run();
      subject.host_us.push_back(overhead.host_us);
      subject.batch = overhead.batch;
    }
  }
  std::printf("%-12s %10s %14s %14s %16s\n", "looking on", "requests", "host, us/step",
              "least, us/step", "% of 5 ms step");
  for (const Subject& subject : subjects) {
    const double typical = median(subject.host_us);
    std::printf("%-12s %10.1f %14.2f %14.2f %16.3f\n", subject.name, subject.batch, typical,
                *std::min_element(subject.host_us.begin(), subject.host_us.end()),
                100 * typical / 5000);
  }
}

}  // namespace
}  // namespace inferbench

int main() {
  inferbench::print_overheads();
}

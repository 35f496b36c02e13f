// The kernels as Google Benchmark sees them: filters, repetitions and JSON are its own.
//
//   bench_kernels_gbench [--suite=smoke] [--budget=200ms] [--benchmark_filter=gemm/bf16 ...]
//
// Each point is one iteration with manual time, inside which our sampler settles on a median: left
// to itself, the library would choose iterations by a mean and run the whole ramp several times.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/micro/run_cases.hpp"
#include "harness/micro/suites.hpp"
#include "harness/timing/pinning.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

void set_counters(benchmark::State& state, const TimedSubject& timed, const Work& work) {
  using benchmark::Counter;
  state.counters["GFLOP/s"] = Counter(work.flops.count() / timed.median_ns);
  state.counters["GB/s"] = Counter(work.bytes().count() / timed.median_ns);
  state.counters["cpu_ns"] = Counter(timed.cpu_median_ns);
  state.counters["half_width"] = Counter(timed.interval.width() / 2 / timed.median_ns);
  state.counters["preempted"] = Counter(timed.preempted_share);
  state.counters["samples"] = Counter(static_cast<double>(timed.samples.size()));
}

void run_point(benchmark::State& state, const KernelCase& kernel,
               const Implementation* implementation, Duration budget) {
  BoundCase bound(kernel, {implementation}, {});
  const BoundVariant& variant = bound.variants().front();
  const std::vector<Subject> subjects = bound.subjects();
  if (subjects.empty()) {
    state.SkipWithError(variant.reason.c_str());
    return;
  }
  const PinnedThread pinned;
  ThreadStopwatch stopwatch;
  for (auto _ : state) {
    SamplerOptions options;
    options.budget = budget;
    const TimedSubject timed = time_subjects(subjects, stopwatch, options).front();
    state.SetIterationTime(timed.median_ns / 1e9);
    set_counters(state, timed, bound.work());
  }
}

std::string point_name(const BenchCase& c, const Implementation& implementation) {
  KernelRow row;
  row.op = c.kernel.op;
  row.format = c.kernel.format;
  row.axes = c.kernel.axes;
  row.implementation = implementation.name;
  return row_id(row);
}

void register_suite(const std::string& suite, Duration budget) {
  for (const BenchCase& c : without_duplicates(suite_cases(suite, {}, {}, 1))) {
    for (const Implementation* i : c.implementations) {
      benchmark::RegisterBenchmark(point_name(c, *i).c_str(),
                                   [kernel = c.kernel, i, budget](benchmark::State& state) {
                                     run_point(state, kernel, i, budget);
                                   })
          ->Iterations(1)
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);  // takes its own flags away
  std::string suite = "smoke", budget = "200ms";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--suite=")) {
      suite = argument.substr(8);
    } else if (argument.starts_with("--budget=")) {
      budget = argument.substr(9);
    } else {
      throw Error("bench_kernels_gbench", "unknown argument " + argument,
                  "--suite=NAME, --budget=TIME and Google Benchmark's own");
    }
  }
  register_suite(suite, parse_duration(budget, "--budget"));
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  try {
    return inferbench::run(argc, argv);
  } catch (const inferbench::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
  }
}

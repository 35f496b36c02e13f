// Own kernels beside each other and beside vendor libraries, timed against each other in rounds.
//
//   bench_kernels [op [format [axis=size ...]]]      default: gemm fp32, decode and prefill sizes
//
// Times are CPU time of one thread; on a shared machine only the ratios mean something.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using Axes = std::map<std::string, std::int64_t>;

void compare(const std::string& op, const std::string& format, const Axes& axes) {
  const KernelCase c = make_case(op, format, axes);
  const auto problem = kernel_op(op).problem(c);
  const Oracle oracle = problem->oracle(512);
  const Work work = problem->work();

  std::printf("%s %s", op.c_str(), c.format.c_str());
  for (const auto& [axis, size] : c.axes) std::printf(" %s=%ld", axis.c_str(), size);
  std::printf("\n");
  std::vector<std::unique_ptr<BoundKernel>> bound;
  std::vector<Subject> subjects;
  for (const Implementation* i : implementations_of(op)) {
    const Support support = supports(*i, c);
    if (!support.ok || (i->provider == "reference" && work.flops.count() > 1e8)) {
      std::printf("  %-14s skipped: %s\n", i->name.c_str(),
                  support.ok ? "too slow at this size" : support.reason.c_str());
      continue;
    }
    bound.push_back(i->bind(*problem, 1));
    const Check checked = check(*bound.back(), oracle);
    if (!checked.pass) {
      std::printf("  %-14s wrong: %s\n", i->name.c_str(), checked.reason.c_str());
      continue;
    }
    subjects.push_back({.name = i->name, .run = [k = bound.back().get()] { k->run(); }});
  }
  ThreadStopwatch stopwatch;
  SamplerOptions options;
  options.budget = Duration(1'000'000'000);
  const auto timed = time_subjects(subjects, stopwatch, options);
  for (const TimedSubject& t : timed) {
    const Ratio ratio = paired_ratio(t, timed.front(), true);
    std::printf("  %-14s %9.1f us  %8.1f GFLOP/s  %6.1f GB/s  %5.2f x the time of %s\n",
                t.name.c_str(), t.cpu_median_ns / 1e3, work.flops.count() / t.cpu_median_ns,
                work.bytes().count() / t.cpu_median_ns, ratio.median, timed.front().name.c_str());
  }
}

int run(int argc, char** argv) {
  const std::string op = argc > 1 ? argv[1] : "gemm";
  const std::string format = argc > 2 ? argv[2] : "";
  Axes axes;
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) throw Error("arguments", text, "expected axis=size");
    axes[text.substr(0, equals)] = std::atoll(text.c_str() + equals + 1);
  }
  if (op == "gemm" && axes.empty()) {
    for (const std::int64_t m : {1, 4, 8, 16, 32, 128, 512}) {
      compare(op, format, {{"m", m}, {"n", 4096}, {"k", 4096}});
    }
    return 0;
  }
  compare(op, format, axes);
  return 0;
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  try {
    return inferbench::run(argc, argv);
  } catch (const inferbench::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  }
}

// How often the interval of a short measurement holds the median that the same work shows in the
// long run.
//
//   bench_sampler [repeats [samples [points]]]      default: 20 repeats of 40 samples, 3 points
//
// Each point is work of its own kind: arithmetic in registers, a walk through the last cache, one
// through memory. Repeats of all points take turns, so that the long run, which is all their
// samples together, covers the same stretch of time. Measured on the wall clock and on the CPU
// clock.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness/stats/percentile.hpp"
#include "harness/timing/pinning.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/machine/probes.hpp"

namespace inferbench {
namespace {

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

struct Coverage {
  std::string point;
  std::vector<TimedSubject> repeats;

  double field(const TimedSample& sample, TimedClock clock) const {
    return clock == TimedClock::cpu ? sample.cpu_ns : sample.wall_ns;
  }

  // Prints the share of repeats whose interval holds the median of all samples of the others: a
  // repeat that helped to make the long run would agree with it too easily.
  std::pair<int, int> print(TimedClock clock) const {
    int held = 0;
    double width = 0;
    for (std::size_t r = 0; r < repeats.size(); ++r) {
      std::vector<double> own, others;
      for (std::size_t o = 0; o < repeats.size(); ++o) {
        for (const TimedSample& sample : repeats[o].samples) {
          (o == r ? own : others).push_back(field(sample, clock));
        }
      }
      const Interval interval = bootstrap_median(own);
      const double truth = median_of(others);
      held += interval.low <= truth && truth <= interval.high;
      width += interval.width() / truth;
    }
    const auto n = static_cast<double>(repeats.size());
    std::printf("%-16s %-5s %3d of %3zu intervals hold it (%3.0f %%), mean width %5.1f %%\n",
                point.c_str(), clock == TimedClock::cpu ? "cpu" : "wall", held, repeats.size(),
                100 * held / n, 100 * width / n);
    return {held, static_cast<int>(repeats.size())};
  }
};

int number(int argc, char** argv, int at, int otherwise) {
  const int given = argc > at ? std::atoi(argv[at]) : otherwise;
  return given > 0 ? given : otherwise;
}

int run(int argc, char** argv) {
  const int repeats = number(argc, argv, 1, 20), samples = number(argc, argv, 2, 40);
  const auto points = static_cast<std::size_t>(number(argc, argv, 3, 3));
  const PinnedThread pinned;
  ThreadStopwatch stopwatch;
  SamplerOptions options;
  options.fewest = options.most = samples;
  std::vector<Coverage> all;
  std::vector<MachineProbe> probes;
  for (MachineProbe& probe : machine_probes()) {
    const bool wanted =
        probe.name == "fma_fp32_portable" || probe.name == "read_l3" || probe.name == "read_memory";
    if (wanted && probes.size() < points) probes.push_back(std::move(probe));
  }
  for (const MachineProbe& probe : probes) all.push_back({probe.name, {}});
  for (int r = 0; r < repeats; ++r) {
    for (std::size_t p = 0; p < probes.size(); ++p) {
      const Subject subject{.name = probes[p].name, .run = probes[p].run};
      options.seed = static_cast<std::uint64_t>(r) + 1;
      all[p].repeats.push_back(time_subjects({&subject, 1}, stopwatch, options).front());
    }
  }
  int held = 0, asked = 0;
  for (const Coverage& coverage : all) {
    for (const TimedClock clock : {TimedClock::wall, TimedClock::cpu}) {
      const auto [h, n] = coverage.print(clock);
      held += h, asked += n;
    }
  }
  std::printf("all: %d of %d, %.1f %%\n", held, asked, 100.0 * held / asked);
  return 0;
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  return inferbench::run(argc, argv);
}

// How often the interval of a measurement holds the median that the same work shows in the long
// run.
//
//   bench_sampler [repeats [seconds [points]]]      default: 20 repeats of 4 seconds, 3 points
//
// Each point is work of its own kind: arithmetic in registers, a walk through the last cache, one
// through memory. A repeat takes 40 samples of each point in 8 visits, spread over its seconds as
// the sampler spreads them. The long run is all samples of the other repeats: a repeat that helped
// to make it would agree with it too easily.
//
// Repeats follow one another. The same samples are then dealt out again as if repeats had been
// spread over more time: the visits of a few neighbouring repeats, or of all, take turns. What the
// figures gain from one table to the next is what spells of load cost that outlast a repeat.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness/stats/percentile.hpp"
#include "harness/stats/visits.hpp"
#include "harness/timing/pinning.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/machine/probes.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kVisits = 8, kSamplesOfVisit = 5;

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

using Visit = std::vector<TimedSample>;
using Repeat = std::vector<Visit>;

struct Point {
  std::string name;
  std::vector<Repeat> repeats;
};

struct Held {
  std::size_t held = 0, asked = 0;
};

double field(const TimedSample& sample, TimedClock clock) {
  return clock == TimedClock::cpu ? sample.cpu_ns : sample.wall_ns;
}

Interval interval_of(const Repeat& repeat, TimedClock clock) {
  std::vector<double> values;
  std::vector<std::int64_t> visits;
  for (std::size_t v = 0; v < repeat.size(); ++v) {
    for (const TimedSample& sample : repeat[v]) {
      values.push_back(field(sample, clock));
      visits.push_back(static_cast<std::int64_t>(v));
    }
  }
  return visited_median(values, visits);
}

double median_of_others(const std::vector<Repeat>& repeats, std::size_t left_out,
                        TimedClock clock) {
  std::vector<double> values;
  for (std::size_t r = 0; r < repeats.size(); ++r) {
    if (r == left_out) continue;
    for (const Visit& visit : repeats[r]) {
      for (const TimedSample& sample : visit) values.push_back(field(sample, clock));
    }
  }
  return median_of(std::move(values));
}

Held print(const std::string& name, const std::vector<Repeat>& repeats, TimedClock clock) {
  Held total;
  std::vector<double> widths;
  for (std::size_t r = 0; r < repeats.size(); ++r) {
    const Interval interval = interval_of(repeats[r], clock);
    const double lasting = median_of_others(repeats, r, clock);
    total.held += interval.low <= lasting && lasting <= interval.high;
    ++total.asked;
    widths.push_back(100 * interval.width() / lasting);
  }
  std::printf("  %-18s %-5s %3zu of %3zu hold it (%3.0f %%), median width %5.1f %%\n", name.c_str(),
              clock == TimedClock::cpu ? "cpu" : "wall", total.held, total.asked,
              100.0 * static_cast<double>(total.held) / static_cast<double>(total.asked),
              median_of(std::move(widths)));
  return total;
}

// The visits of each `together` neighbouring repeats dealt out in turns to as many new ones.
std::vector<Repeat> spread(const std::vector<Repeat>& repeats, std::size_t together) {
  std::vector<Repeat> dealt;
  for (std::size_t begin = 0; begin < repeats.size(); begin += together) {
    const std::size_t count = std::min(together, repeats.size() - begin);
    std::vector<Repeat> hands(count);
    std::size_t turn = 0;
    for (std::size_t r = begin; r < begin + count; ++r) {
      for (const Visit& visit : repeats[r]) hands[turn++ % count].push_back(visit);
    }
    for (Repeat& hand : hands) dealt.push_back(std::move(hand));
  }
  return dealt;
}

void print_table(const std::vector<Point>& points, std::size_t together, double seconds) {
  std::printf("each repeat spread over %.0f s:\n", seconds * static_cast<double>(together));
  Held total;
  for (const Point& point : points) {
    const std::vector<Repeat> repeats = spread(point.repeats, together);
    for (const TimedClock clock : {TimedClock::wall, TimedClock::cpu}) {
      const Held held = print(point.name, repeats, clock);
      total.held += held.held, total.asked += held.asked;
    }
  }
  std::printf("  all: %zu of %zu, %.1f %%\n", total.held, total.asked,
              100.0 * static_cast<double>(total.held) / static_cast<double>(total.asked));
}

int number(int argc, char** argv, int at, int otherwise) {
  const int given = argc > at ? std::atoi(argv[at]) : otherwise;
  return given > 0 ? given : otherwise;
}

Repeat by_visit(const TimedSubject& timed) {
  Repeat repeat;
  for (const TimedSample& sample : timed.samples) {
    if (repeat.empty() || repeat.back().front().visit != sample.visit) repeat.emplace_back();
    repeat.back().push_back(sample);
  }
  return repeat;
}

std::vector<Subject> subjects_of(std::size_t points) {
  std::vector<Subject> subjects;
  for (MachineProbe& probe : machine_probes()) {
    const bool wanted =
        probe.name == "fma_fp32_portable" || probe.name == "read_l3" || probe.name == "read_memory";
    if (wanted && subjects.size() < points) subjects.push_back({probe.name, std::move(probe.run)});
  }
  return subjects;
}

int run(int argc, char** argv) {
  const int repeats = number(argc, argv, 1, 20), seconds = number(argc, argv, 2, 4);
  const std::vector<Subject> subjects =
      subjects_of(static_cast<std::size_t>(number(argc, argv, 3, 3)));
  const PinnedThread pinned;
  ThreadStopwatch stopwatch;
  SamplerOptions options;
  options.visits = kVisits;
  options.fewest = kSamplesOfVisit;
  options.most = kVisits * kSamplesOfVisit;
  options.relative_width = 0;
  options.budget = Duration(std::chrono::seconds(seconds)) / subjects.size();
  std::vector<Point> points;
  for (const Subject& subject : subjects) points.push_back({subject.name, {}});
  for (int r = 0; r < repeats; ++r) {
    options.seed = static_cast<std::uint64_t>(r) + 1;
    const std::vector<TimedSubject> timed = time_subjects(subjects, stopwatch, options);
    for (std::size_t p = 0; p < points.size(); ++p) {
      points[p].repeats.push_back(by_visit(timed[p]));
    }
  }
  const auto all = static_cast<std::size_t>(repeats);
  print_table(points, 1, seconds);
  if (all > 5) print_table(points, 5, seconds);
  if (all > 1) print_table(points, all, seconds);
  return 0;
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  return inferbench::run(argc, argv);
}

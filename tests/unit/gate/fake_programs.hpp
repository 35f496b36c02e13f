#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/timing/stopwatch.hpp"
#include "results/gate/worker.hpp"

namespace inferbench {

// The time that fake workers take.
class FakeTime final : public Stopwatch {
 public:
  Reading begin() override { return {.wall = now_, .cpu = now_, .preemptions = 0}; }
  Reading end() override { return begin(); }
  void pass(std::int64_t ns) { now_ += Duration(ns); }

 private:
  Duration now_{};
};

struct FakeSeries {
  std::string name;
  double ns = 0;  // of one run
  OpenedSeries opened{.skipped = {}, .wrong = {}, .answer = {1, 1, 0}, .exact = {}};
};

// A program as its workers see it. Each launch is a few per cent faster or slower than the others,
// as layouts of memory are, and each slice a little.
class FakeProgram final : public WorkerSource {
 public:
  FakeProgram(std::vector<FakeSeries> list, FakeTime& watch, std::uint64_t seed)
      : series(std::move(list)), time(watch), random(seed, "fake") {
    hello.build_type = "Release";
    hello.suite = "fake";
    for (const FakeSeries& s : series) hello.series.push_back(s.name);
  }

  std::unique_ptr<GateWorker> launch(const WorkerLaunch&) override;

  std::vector<FakeSeries> series;
  FakeTime& time;
  RandomStream random;
  WorkerHello hello;
  std::string code = "code";
  double launch_noise = 0.02, slice_noise = 0.01;
  std::function<double(int opened)> factor = [](int) { return 1.0; };  // by series opened so far
  int crash_at_launch = 0;                                             // in its first run
  int launches = 0;
};

class FakeWorker final : public GateWorker {
 public:
  FakeWorker(FakeProgram& program, int launch)
      : program_(program),
        launch_(launch),
        layout_(std::exp(program.random.normal(0, program.launch_noise))) {}

  const WorkerHello& hello() const override { return program_.hello; }
  std::string code_hash() override { return program_.code; }
  OpenedSeries open(std::size_t index, bool) override {
    ++opened_;
    return program_.series.at(index).opened;
  }
  SliceTime run(std::size_t index, std::int64_t times) override {
    if (launch_ == program_.crash_at_launch) throw WorkerFailure("was ended by signal 11");
    const double noise = std::exp(program_.random.normal(0, program_.slice_noise));
    const double ns = program_.series.at(index).ns * static_cast<double>(times) * layout_ * noise *
                      program_.factor(opened_);
    program_.time.pass(std::llround(ns));
    return {.wall_ns = std::llround(ns), .cpu_ns = std::llround(ns), .preemptions = 0};
  }

 private:
  FakeProgram& program_;
  int launch_, opened_ = 0;
  double layout_;
};

inline std::unique_ptr<GateWorker> FakeProgram::launch(const WorkerLaunch&) {
  return std::make_unique<FakeWorker>(*this, ++launches);
}

}  // namespace inferbench

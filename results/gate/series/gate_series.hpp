#pragma once

#include <functional>
#include <string>
#include <vector>

#include "results/gate/worker.hpp"

namespace inferbench {

// A series of a suite with its inputs in place: what a worker times.
struct ReadySeries {
  OpenedSeries opened;
  std::function<void()> run;  // owns what it needs; absent where the series cannot run
};

struct GateSeries {
  std::string name;                             // "kernel/gemm/bf16/m=16/n=512/k=512"
  std::function<ReadySeries(bool check)> open;  // `check`: compare results with the reference's
};

// A list of series that two programs are compared by.
struct GateSuite {
  std::string name, summary;
  std::function<std::vector<GateSeries>()> series;
};

// What exists, the default first: "smoke", "eight", "kernels", "schedule", "replay", "execute".
const std::vector<GateSuite>& gate_suites();

// The series of a suite whose names begin with one of `only`; all where it is empty. Throws Error
// for a suite that is none, and a beginning that fits no series.
std::vector<GateSeries> gate_series(const std::string& suite, const std::vector<std::string>& only);

// The groups that suites are made of.
std::vector<GateSeries> smoke_kernel_series();  // small: a few hundred microseconds at most
std::vector<GateSeries> bench_kernel_series();  // those of `inferbench bench --suite smoke`
std::vector<GateSeries> schedule_series();
std::vector<GateSeries> replay_series();
std::vector<GateSeries> execute_series();  // end to end, every step computed

}  // namespace inferbench

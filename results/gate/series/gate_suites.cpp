#include <algorithm>

#include "harness/base/error.hpp"
#include "results/gate/series/gate_series.hpp"

namespace inferbench {
namespace {

std::vector<GateSeries> joined_series(std::initializer_list<std::vector<GateSeries>> groups) {
  std::vector<GateSeries> all;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  return all;
}

std::vector<GateSeries> smoke_series() {
  return joined_series({smoke_kernel_series(), schedule_series(), replay_series()});
}

// Every third.
std::vector<GateSeries> eight_of_smoke() {
  std::vector<GateSeries> all = smoke_series(), some;
  for (std::size_t i = 0; i < all.size(); i += 3) some.push_back(std::move(all[i]));
  return some;
}

const GateSuite& find_gate_suite(const std::string& name) {
  std::vector<std::string> names;
  for (const GateSuite& suite : gate_suites()) {
    if (suite.name == name) return suite;
    names.push_back(suite.name);
  }
  throw unknown_name("--suite", "suite", name, names, "inferbench compare --list");
}

}  // namespace

const std::vector<GateSuite>& gate_suites() {
  static const std::vector<GateSuite> list = {
      {"smoke", "small kernels, schedulers and replays: 24 series within a minute",
       [] {
         return joined_series({smoke_kernel_series(), schedule_series(), replay_series()});
       }},
      {"eight",
       "eight series of smoke, of each kind some: what the gate's error rates are measured on",
       eight_of_smoke},
      {"kernels", "every case of `inferbench bench --suite smoke`, by our best kernel",
       bench_kernel_series},
      {"schedule", "batching policies and KV memory", schedule_series},
      {"replay", "whole replays in modelled time, with their exact numbers", replay_series},
      {"execute",
       "replays end to end as with --system cpu and, where there is a GPU, --system cuda: every "
       "step of a small model computed",
       execute_series},
  };
  return list;
}

std::vector<GateSeries> gate_series(const std::string& suite,
                                    const std::vector<std::string>& only) {
  std::vector<GateSeries> all = find_gate_suite(suite).series();
  if (only.empty()) return all;
  const auto begins = [](const GateSeries& series, const std::string& text) {
    return series.name.starts_with(text);
  };
  for (const std::string& text : only) {
    const bool fits = std::any_of(all.begin(), all.end(),
                                  [&](const GateSeries& series) { return begins(series, text); });
    if (fits) continue;
    std::string problem = "no series of suite ";
    problem.append(suite).append(" begins with ").append(text);
    throw Error("--only", problem, "names begin with kernel/, schedule/, replay/ or execute/",
                "inferbench compare --list shows them");
  }
  std::erase_if(all, [&](const GateSeries& series) {
    return std::none_of(only.begin(), only.end(),
                        [&](const std::string& text) { return begins(series, text); });
  });
  return all;
}

}  // namespace inferbench

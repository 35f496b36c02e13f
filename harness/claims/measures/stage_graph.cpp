// A pipeline of models and business logic as a graph of stages.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"

namespace inferbench::claims {
namespace {

struct Stage {
  std::string name;
  double ms = 0;            // service time of one request
  std::int64_t copies = 1;  // instances that serve in parallel
  std::vector<std::size_t> after;
};

// Stages in the order given, which must be one in which every stage follows its predecessors.
std::vector<Stage> read_stages(const JsonObject& inputs) {
  std::vector<Stage> stages;
  for (const auto& row : inputs.array("stages")) {
    const JsonObject entry(row, inputs.place() + ": \"stages\"");
    Stage stage{.name = entry.text("name"),
                .ms = entry.number("ms"),
                .copies = entry.integer("copies", 1),
                .after = {}};
    if (stage.copies < 1) entry.refuse("copies", "is below 1", "expected at least one instance");
    for (const std::string& before : entry.texts("after")) {
      const auto found = std::find_if(stages.begin(), stages.end(),
                                      [&](const Stage& s) { return s.name == before; });
      if (found == stages.end()) {
        entry.refuse("after", "names \"" + before + "\"", "expected a stage listed before");
      }
      stage.after.push_back(static_cast<std::size_t>(found - stages.begin()));
    }
    entry.refuse_unknown();
    stages.push_back(std::move(stage));
  }
  return stages;
}

double critical_path(const std::vector<Stage>& stages) {
  std::vector<double> ends;
  for (const Stage& stage : stages) {
    double start = 0;
    for (const std::size_t before : stage.after) start = std::max(start, ends[before]);
    ends.push_back(start + stage.ms);
  }
  return ends.empty() ? 0 : *std::max_element(ends.begin(), ends.end());
}

// End times of `requests` that are all there at time 0, first come first served on each instance.
std::vector<double> simulate(const std::vector<Stage>& stages, std::int64_t requests) {
  std::vector<std::vector<double>> free(stages.size());
  for (std::size_t s = 0; s < stages.size(); ++s) {
    free[s].assign(static_cast<std::size_t>(stages[s].copies), 0.0);
  }
  std::vector<double> done;
  for (std::int64_t request = 0; request < requests; ++request) {
    std::vector<double> ends;
    for (std::size_t s = 0; s < stages.size(); ++s) {
      double ready = 0;
      for (const std::size_t before : stages[s].after) ready = std::max(ready, ends[before]);
      double& instance = *std::min_element(free[s].begin(), free[s].end());
      instance = std::max(instance, ready) + stages[s].ms;
      ends.push_back(instance);
    }
    done.push_back(*std::max_element(ends.begin(), ends.end()));
  }
  return done;
}

}  // namespace

// Latency of one request is the longest path; throughput under load is that of the slowest stage.
// Both by formula and by simulating `requests` requests through the graph.
Numbers stage_graph(const JsonObject& inputs, const World&) {
  const std::vector<Stage> stages = read_stages(inputs);
  if (stages.empty()) inputs.refuse("stages", "is empty", "expected at least one stage");
  const std::int64_t requests = inputs.integer("requests");
  if (requests < 2) inputs.refuse("requests", "is below 2", "expected at least two");
  double slowest = 0, sum = 0;
  for (const Stage& stage : stages) {
    slowest = std::max(slowest, stage.ms / static_cast<double>(stage.copies));
    sum += stage.ms;
  }
  const std::vector<double> done = simulate(stages, requests);
  // The second half: the pipeline has filled by then.
  const std::size_t half = done.size() / 2;
  const double rate = static_cast<double>(done.size() - 1 - half) / (done.back() - done[half]);
  Numbers out;
  out.set("critical_path_ms", critical_path(stages));
  out.set("sum_of_stages_ms", sum);
  out.set("simulated_latency_ms", done.front());
  out.set("slowest_stage_per_s", 1e3 / slowest);
  out.set("simulated_per_s", rate * 1e3);
  return out;
}

}  // namespace inferbench::claims

// Rows about pipelines around a served model: the stage graph replayed with a model that batches.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/claims/measures/measures.hpp"
#include "harness/claims/measures/served.hpp"
#include "harness/replay/deployed_system.hpp"
#include "harness/replay/stage_graph.hpp"
#include "harness/replay/staged_system.hpp"

namespace inferbench::claims {
namespace {

// Length of the longest path when the model takes `model_ms`.
double longest_path_ms(const StageGraph& graph, double model_ms) {
  std::vector<double> ends;
  for (const Stage& stage : graph.stages) {
    double start = 0;
    for (const std::size_t before : stage.after) start = std::max(start, ends[before]);
    ends.push_back(start + (stage.model ? model_ms : seconds(stage.latency.mean).count() * 1e3));
  }
  return *std::max_element(ends.begin(), ends.end());
}

double e2e_ms(const RequestRecord& record) {
  return seconds(record.ended - record.scheduled).count() * 1e3;
}

double per_second(const std::vector<RequestRecord>& records) {
  return static_cast<double>(records.size()) / ended_s(records);
}

}  // namespace

// "stages" as `inferbench replay --stages` reads them, of fixed latencies, around a modelled
// deployment. One request alone against the longest path with the model's own latency; "requests"
// at once against the slowest of the stages and of the model when it is alone.
Numbers staged_replay(const JsonObject& inputs, const World& world) {
  const StageGraph graph = parse_stage_graph(nlohmann::json{{"stages", inputs.array("stages")}},
                                             inputs.place() + ": \"stages\"");
  const Deployment placed = deployment(inputs, world);
  const CostProfile profile = world.profile(inputs.text("profile", "default"));
  ServingOptions options;
  options.max_batch = inputs.integer("max_batch", 256);
  const auto requests = draw_requests(inputs, 0, 1);
  const std::vector<Request> first = {requests.front()};
  const auto bare = [&](const std::vector<Request>& list) {
    DeployedSystem system(placed, profile, options);
    return serve(system, list);
  };
  const auto staged = [&](const std::vector<Request>& list) {
    DeployedSystem inner(placed, profile, options);
    StagedSystem system(graph, inner, 1);
    return serve(system, list);
  };
  const auto model_alone = bare(requests), all = staged(requests);
  double slowest = per_second(model_alone), sum = e2e_ms(bare(first).front());
  const double model_ms = sum;
  std::string binds = "the model";
  for (const Stage& stage : graph.stages) {
    if (stage.latency.kind != StageLatency::Kind::fixed) {
      inputs.refuse("stages", "hold a random latency", "expected fixed ones");
    }
    if (stage.model) continue;
    sum += seconds(stage.latency.mean).count() * 1e3;
    if (stage.concurrency == 0 || stage.latency.mean == Duration{}) continue;
    const double rate =
        static_cast<double>(stage.concurrency) / seconds(stage.latency.mean).count();
    if (rate < slowest) slowest = rate, binds = stage.name;
  }
  Numbers out;
  out.set("model_ms", model_ms);
  out.set("sum_of_stages_ms", sum);
  out.set("critical_path_ms", longest_path_ms(graph, model_ms));
  out.set("replayed_latency_ms", e2e_ms(staged(first).front()));
  out.set("model_alone_per_s", per_second(model_alone));
  out.set("slowest_stage_per_s", slowest);
  out.set("slowest_stage", binds);
  out.set("replayed_per_s", per_second(all));
  out.set("requests", static_cast<double>(requests.size()));
  out.set("completed", completed(all));
  return out;
}

}  // namespace inferbench::claims

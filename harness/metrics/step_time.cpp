#include "harness/metrics/step_time.hpp"

#include <cstdint>

namespace inferbench {

std::vector<ScalarMetric> step_time_metrics(std::span<const ReplicaStats> replicas) {
  std::uint64_t steps = 0;
  Duration all{}, gemm{}, attention{}, moe{}, other{}, collectives{}, host{};
  for (const ReplicaStats& replica : replicas) {
    steps += replica.steps;
    all += replica.busy;
    gemm += replica.parts.gemm;
    attention += replica.parts.attention;
    moe += replica.parts.moe;
    other += replica.parts.elementwise;
    collectives += replica.parts.scale_up + replica.parts.scale_out;
    host += replica.parts.host;
  }
  std::vector<ScalarMetric> metrics;
  const auto add = [&](const char* id, const char* unit, const char* definition, double value) {
    ScalarMetric metric;
    metric.id = id;
    metric.unit = unit;
    metric.definition = definition;
    metric.better = Better::lower;
    if (steps > 0) {
      metric.value = value;
    } else {
      metric.absent_because = "no step ran";
    }
    metrics.push_back(std::move(metric));
  };
  const auto in_seconds = [](Duration time) { return seconds(time).count(); };
  add("step_time", "s", "time of all steps", in_seconds(all));
  add("step_time_gemm", "s", "of it in linear layers, the LM head included", in_seconds(gemm));
  add("step_time_attention", "s", "of it in attention, writing keys and values included",
      in_seconds(attention));
  add("step_time_moe", "s", "of it in routed experts and their choice; 0 without experts",
      in_seconds(moe));
  add("step_time_other", "s", "of it in other kernels: norms, rotation, SwiGLU, sampling",
      in_seconds(other));
  add("step_time_collectives", "s",
      "of it in collectives between ranks, waiting for the slowest included",
      in_seconds(collectives));
  add("step_time_host", "s", "the rest: scheduling, block tables, records", in_seconds(host));
  add("step_host_mean", "us", "host time per step",
      steps == 0 ? 0 : in_seconds(host) * 1e6 / static_cast<double>(steps));
  return metrics;
}

}  // namespace inferbench

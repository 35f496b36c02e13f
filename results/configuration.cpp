#include "results/configuration.hpp"

#include <nlohmann/json.hpp>

#include "results/json_numbers.hpp"

namespace inferbench {

using nlohmann::ordered_json;

ordered_json parallel_json(const ParallelConfig& parallel) {
  return {{"tp", parallel.tp},
          {"cp", parallel.cp},
          {"ep", parallel.ep},
          {"pp", parallel.pp},
          {"dp", parallel.dp}};
}

ordered_json precision_json(const Precision& precision) {
  return {{"attention", name(precision.attention)},
          {"ffn", name(precision.ffn)},
          {"experts", name(precision.experts)},
          {"head", name(precision.head)},
          {"kv", name(precision.kv)},
          {"attention_math", name(precision.attention_math)},
          {"activations", name(precision.activations)},
          {"dispatch", name(precision.dispatch)},
          {"combine", name(precision.combine)}};
}

ordered_json deployment_json(const Deployment& deployment) {
  ordered_json parts = ordered_json::array();
  for (const MemoryPart& part : deployment.memory) {
    parts.push_back({{"part", part.name}, {"bytes", part.bytes.count()}, {"how", part.how}});
  }
  return {{"model", deployment.model.name},
          {"gpu", deployment.gpu.name},
          {"gpus", deployment.parallel.gpus()},
          {"parallel", parallel_json(deployment.parallel)},
          {"precision", precision_json(deployment.precision)},
          {"kv_capacity_tokens", deployment.kv_capacity.count()},
          {"memory_available_bytes", deployment.memory_available.count()},
          {"memory_bytes", parts},
          {"uneven", deployment.uneven}};
}

ordered_json workload_json(const Workload& workload) {
  return {{"name", workload.name},
          {"source", workload.source},
          {"requests", workload.requests.size()},
          {"block_tokens", workload.block_tokens.count()},
          {"notes", workload.notes}};
}

}  // namespace inferbench

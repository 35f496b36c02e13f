#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "harness/catalog/catalog.hpp"
#include "harness/cost/step_cost_model.hpp"

// Deployments and batches that the cost model's tests share.
namespace inferbench {

// Round budgets do not matter here: memory is as large as it must be.
inline Deployment deployed(const std::string& model, const std::string& gpu,
                           const std::string& parallel, const std::string& precision = "") {
  const ModelSpec spec = find_model(model);
  HardwareSpec hardware = find_gpu(gpu);
  hardware.memory = Bytes(1e13), hardware.usable_memory.reset();
  const Precision types =
      precision.empty() ? default_precision(spec, hardware) : parse_precision(precision);
  return std::get<Deployment>(place(spec, hardware, parse_parallel(parallel), types));
}

inline CostProfile profile() {
  return find_cost_profile("default");
}

// Rings alone: no one-shot, no reduction in the switch.
inline CostProfile ring_profile() {
  CostProfile p = profile();
  auto& ops = std::get<OpsParameters>(p.parameters);
  ops.one_shot_latency.reset(), ops.in_network_efficiency.reset();
  return p;
}

inline BatchItem decode(std::int64_t context, std::uint16_t rank = 0) {
  return {.request = {},
          .context = Tokens(context),
          .new_tokens = Tokens(1),
          .decode = true,
          .emits = true,
          .rank = rank};
}

inline BatchItem prefill(std::int64_t tokens, std::int64_t context = 0, std::uint16_t rank = 0) {
  return {.request = {},
          .context = Tokens(context),
          .new_tokens = Tokens(tokens),
          .decode = false,
          .emits = true,
          .rank = rank};
}

inline BatchPlan plan(std::vector<BatchItem> items) {
  BatchPlan batch;
  batch.items = std::move(items);
  return batch;
}

inline double flops_of(const StepExplanation& e) {
  double flops = 0;
  for (const OpExplanation& op : e.ops) {
    if (op.part == "gemm" || op.part == "moe") flops += op.flops.count();
  }
  return flops;
}

inline const OpExplanation& op_of(const StepExplanation& e, const std::string& name) {
  for (const OpExplanation& op : e.ops) {
    if (op.name == name) return op;
  }
  throw std::runtime_error("no op " + name);
}

inline bool has_op(const StepExplanation& e, const std::string& name) {
  for (const OpExplanation& op : e.ops) {
    if (op.name == name) return true;
  }
  return false;
}

}  // namespace inferbench

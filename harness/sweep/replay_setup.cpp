#include "harness/sweep/replay_setup.hpp"

#include <algorithm>
#include <variant>

namespace inferbench {
namespace {

void copy_memory(const Deployment& deployment, SweepPoint& point) {
  point.memory_available = deployment.memory_available;
  for (const MemoryPart& part : deployment.memory) {
    point.memory_needed += part.bytes;
    if (part.name == "kv") {
      point.kv = part.bytes;
    } else if (part.name != "activations" && part.name != "runtime") {
      point.weights += part.bytes;
    }
  }
}

}  // namespace

std::optional<Deployment> place_for_replay(const SweepSystem& system, const ReplaySweep& sweep,
                                           SweepPoint& point) {
  const SweepTask& task = point.task;
  if (const auto why = cannot_work(system.model, task.parallel)) {
    point.why_not = "degrees: " + *why;
    return std::nullopt;
  }
  MemoryBudget budget = system.budget;
  budget.activation_tokens = task.chunk;
  auto placed = place(system.model, system.gpu, task.parallel, system.precision, budget);
  if (const auto* no = std::get_if<DoesNotFit>(&placed)) {
    point.memory_needed = no->needed, point.memory_available = no->available;
    point.why_not = "weights: " + no->reason;
    return std::nullopt;
  }
  auto& deployment = std::get<Deployment>(placed);
  copy_memory(deployment, point);
  if (deployment.kv_capacity < sweep.serving.block_tokens) {
    point.why_not = "KV cache: not one block of it fits beside the weights";
    return std::nullopt;
  }
  return std::move(deployment);
}

ServingOptions serving_of(const ReplaySweep& sweep, const SweepTask& task) {
  ServingOptions serving = sweep.serving;
  serving.step_tokens = task.chunk;
  serving.max_batch = std::min(serving.max_batch, task.chunk.count());
  return serving;
}

WorkloadOptions offer_of(const ReplaySweep& sweep, const SweepTask& task) {
  WorkloadOptions offer = sweep.offer;
  if (sweep.load == LoadKind::rate) offer.rate = task.load;
  if (sweep.load == LoadKind::users) offer.concurrency = static_cast<std::int64_t>(task.load);
  return offer;
}

}  // namespace inferbench

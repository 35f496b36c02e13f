#pragma once

#include "harness/plan/deployment.hpp"
#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/step_result.hpp"

namespace inferbench {

// KV of one token on the GPU of a replica that keeps the most of it, over that GPU's layers.
Bytes kv_bytes_per_token(const Deployment& deployment);

// The way between a GPU and its host's memory, for keys and values that are swapped or kept in a
// CPU tier. Every GPU of a replica moves its share over a link of its own at the catalog's one-way
// PCIe rate. Copies are neither overlapped with the step nor with each other: the blocks of what
// moves out are often those that something moves into, and a step waits for what it reads. No
// latency is added, since a copy takes milliseconds.
class HostLink {
 public:
  explicit HostLink(const Deployment& deployment);

  Duration transfer(Tokens tokens) const;
  // Adds the plan's transfers to its step: to the time of a stage, once to the time through all of
  // them, and to the part `kv_transfer`.
  void add(const BatchPlan& plan, StepTiming& timing) const;

 private:
  Seconds per_token_;
};

}  // namespace inferbench

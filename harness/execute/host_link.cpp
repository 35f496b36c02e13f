#include "harness/execute/host_link.hpp"

#include <algorithm>

namespace inferbench {

Bytes kv_bytes_per_token(const Deployment& deployment) {
  Bytes most;
  for (std::int64_t stage = 0; stage < deployment.parallel.pp; ++stage) {
    most = std::max(
        most, kv_bytes_per_token_gpu(deployment.model, deployment.parallel, deployment.precision,
                                     stage_layers(deployment.model, deployment.parallel.pp, stage),
                                     deployment.budget.kv_sequence));
  }
  return most;
}

HostLink::HostLink(const Deployment& deployment)
    : per_token_(kv_bytes_per_token(deployment) / deployment.gpu.pcie) {}

Duration HostLink::transfer(Tokens tokens) const {
  return rounded(per_token_ * static_cast<double>(tokens.count()));
}

void HostLink::add(const BatchPlan& plan, StepTiming& timing) const {
  const Tokens moved = plan.kv_to_host + plan.kv_from_host;
  if (moved == Tokens(0)) return;
  const Duration time = transfer(moved);
  timing.elapsed += time;
  timing.stage += time;
  timing.parts.kv_transfer += time;
}

}  // namespace inferbench

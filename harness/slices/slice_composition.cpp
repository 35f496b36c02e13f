#include "harness/slices/slice_composition.hpp"

#include "harness/base/error.hpp"

namespace inferbench {

OpsParameters links_alone(OpsParameters parameters) {
  parameters.launch = {.graph_tokens = 0, .graph = Seconds(0), .kernel = Seconds(0)};
  return parameters;
}

BlockTimes with_collectives(BlockTimes measured, const BlockTimes& modelled) {
  for (PartTimes BlockTimes::*block : kBlocks) {
    for (const OpPart link : {OpPart::scale_up, OpPart::scale_out}) {
      (measured.*block)[link] = (modelled.*block)[link];
    }
  }
  return measured;
}

TimeShares shares_of(const StepSeconds& step) {
  const double links = exposed_collectives(step);
  return {.measured = Seconds(step.stage - links), .modelled = Seconds(links)};
}

SliceComposition::SliceComposition(const Deployment& deployment, const OpsParameters& parameters)
    : assembly_(links_alone(parameters), deployment) {
  if (deployment.gpu.name.empty()) {
    ensure(deployment.parallel.replica_gpus() == 1, "ranks of a replica are linked by something");
    return;
  }
  links_.emplace(deployment.model, deployment.gpu, deployment.parallel, deployment.precision,
                 links_alone(parameters));
}

StepSeconds SliceComposition::compose(const BlockTimes& measured, const RankLoad& load,
                                      double all_tokens) const {
  const BlockTimes blocks =
      links_ ? with_collectives(measured, block_times(*links_, load, all_tokens)) : measured;
  return assembly_.assemble(blocks, load.requests, true);
}

}  // namespace inferbench

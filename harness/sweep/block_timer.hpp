#pragma once

#include "harness/cost/ops_formulation.hpp"
#include "harness/cost/ops_step.hpp"

namespace inferbench {

// Where the times of a steady step's blocks come from, where it is not the cost model.
class BlockTimer {
 public:
  virtual ~BlockTimer() = default;
  // Collectives included. `formulation` is of the point's configuration; `load` of one attention
  // rank, `all_tokens` of all EP ranks together.
  virtual BlockTimes blocks(const OpsFormulation& formulation, const RankLoad& load,
                            double all_tokens) const = 0;
};

}  // namespace inferbench
